namespace LoadBalancer.Http.Routing;

/// <summary>A literal segment that leads from a state of a <see cref="PathTrie"/> to another, while it is made.</summary>
/// <param name="From">The state that it leads from.</param>
/// <param name="Place">The place that it leads to, which has its text.</param>
/// <param name="Target">Where it leads, as <see cref="To"/> has it.</param>
internal readonly record struct PathStep(int From, int Place, int Target)
{
    /// <summary>
    /// A state, and whether there is anything to look up from there: as it is known with the step, it is one line of the cache less for each segment.
    /// </summary>
    public static int To(int state, bool hasLiterals) => (state << 1) | (hasLiterals ? 1 : 0);
}

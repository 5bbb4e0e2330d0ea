namespace LoadBalancer.Peers;

/// <summary>Who is measured after whom.</summary>
internal static class Schedule
{
    /// <summary>
    /// The contenders of a round, each time begun by the next of them, so that everybody follows everybody and nobody always has
    /// the minute after the heaviest window.
    /// </summary>
    /// <param name="contenders">All of them.</param>
    /// <param name="round">From 1.</param>
    public static IEnumerable<T> Order<T>(IReadOnlyList<T> contenders, int round) =>
        Enumerable.Range(0, contenders.Count).Select(i => contenders[(i + round - 1) % contenders.Count]);
}

namespace LoadBalancer.Daemon.Comparing;

/// <summary>Something that two configurations mean differently.</summary>
/// <param name="Kind">What has become of it.</param>
/// <param name="Path">The keys that lead to it in the file; for what happens to requests the listener's.</param>
/// <param name="Before">What was; null where there was nothing.</param>
/// <param name="After">What is; null where there is nothing.</param>
/// <param name="Loosens">Why more may come through than before; null where nothing says so.</param>
internal sealed record Difference(DifferenceKind Kind, string Path, string? Before, string? After, string? Loosens = null)
{
    /// <summary>The routes that it is true of, by their names after the change, or before it where they are gone.</summary>
    public IReadOnlyList<string> Routes { get; init; } = [];

    /// <summary>A request that it is true of; null where it is about none, or none could be made.</summary>
    public string? Example { get; init; }
}

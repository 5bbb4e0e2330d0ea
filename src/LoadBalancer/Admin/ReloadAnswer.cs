namespace LoadBalancer.Daemon.Admin;

/// <summary>How a reload ended.</summary>
/// <param name="Applied">True where the configuration in the file runs now.</param>
/// <param name="Changed">True where another one ran before.</param>
/// <param name="Version">The digest of the configuration that runs.</param>
/// <param name="Errors">Why it was refused, each error with its place; empty where it was not.</param>
/// <param name="Warnings">What works but is hardly meant, each with its place.</param>
internal sealed record ReloadAnswer(bool Applied, bool Changed, string Version, IReadOnlyList<string> Errors, IReadOnlyList<string> Warnings)
{
    /// <summary>True where the guard watched an earlier reload, and does no more.</summary>
    public bool GuardEnded { get; init; }
}

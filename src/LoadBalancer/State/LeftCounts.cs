namespace LoadBalancer.Daemon.State;

/// <summary>What counts-PROCESS.json holds: what a process has counted after it had handed everything over, for the one that took its place.</summary>
/// <param name="Version">The form of the document; this program reads and writes 1.</param>
/// <param name="Quotas">What was used of quotas.</param>
/// <param name="Usage">What callers have used, by months.</param>
internal sealed record LeftCounts(int Version, QuotaDocument Quotas, IReadOnlyList<UsageDocument> Usage)
{
    /// <summary>The form that this program reads and writes.</summary>
    public const int Form = 1;

    /// <summary>Looks whether it can be added.</summary>
    /// <exception cref="FormatException">It makes no sense.</exception>
    public void Check()
    {
        Quotas.Check();
        foreach (var usage in Usage)
        {
            (usage ?? throw new FormatException("a month is null")).Check();
        }
    }
}

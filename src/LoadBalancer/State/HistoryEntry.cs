namespace LoadBalancer.Daemon.State;

/// <summary>A configuration that was loaded.</summary>
/// <param name="At">When.</param>
/// <param name="By">By what.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Version">The digest of its files.</param>
/// <param name="Bytes">The size of its files together; without what references name.</param>
internal sealed record HistoryEntry(DateTimeOffset At, ReloadCause By, HistoryOutcome Outcome, string Version, long Bytes)
{
    /// <summary>Why it was refused or taken back; null where it was not.</summary>
    public string? Why { get; init; }
}

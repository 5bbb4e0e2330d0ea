namespace LoadBalancer.Daemon.State;

/// <summary>What history.json holds.</summary>
/// <param name="Version">The form of the document; this program reads and writes 1.</param>
/// <param name="Entries">What was loaded, the oldest first.</param>
internal sealed record HistoryDocument(int Version, IReadOnlyList<HistoryEntry> Entries);

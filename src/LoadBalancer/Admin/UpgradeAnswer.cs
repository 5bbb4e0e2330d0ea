namespace LoadBalancer.Daemon.Admin;

/// <summary>An upgrade that came about.</summary>
/// <param name="ProcessId">The process that serves now.</param>
internal sealed record UpgradeAnswer(int ProcessId);

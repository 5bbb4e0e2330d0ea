namespace LoadBalancer.Daemon.Upgrading;

/// <summary>How an upgrade ended.</summary>
/// <param name="ProcessId">The process that serves from now on; null where the old one does.</param>
/// <param name="Failure">Why the new one does not; null where it does.</param>
internal sealed record UpgradeOutcome(int? ProcessId, string? Failure);

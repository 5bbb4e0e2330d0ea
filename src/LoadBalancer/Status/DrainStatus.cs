namespace LoadBalancer.Daemon.Status;

/// <summary>A drain by an operator.</summary>
/// <param name="Since">Since when.</param>
/// <param name="By">Who did it, as the log names them.</param>
internal sealed record DrainStatus(DateTimeOffset Since, string By);

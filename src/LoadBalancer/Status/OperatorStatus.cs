namespace LoadBalancer.Daemon.Status;

/// <summary>A drain, or a weight, of an operator.</summary>
/// <param name="Since">Since when.</param>
/// <param name="By">Who did it, as the log names them.</param>
internal sealed record OperatorStatus(DateTimeOffset Since, string By);

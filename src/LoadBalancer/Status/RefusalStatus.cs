namespace LoadBalancer.Daemon.Status;

/// <summary>A reload that was refused.</summary>
/// <param name="At">When.</param>
/// <param name="Errors">Everything that was wrong, each with its place.</param>
internal sealed record RefusalStatus(DateTimeOffset At, IReadOnlyList<string> Errors);

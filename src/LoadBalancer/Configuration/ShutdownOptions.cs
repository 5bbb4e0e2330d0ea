namespace LoadBalancer.Daemon.Configuration;

/// <summary>How the process ends on SIGTERM: the file's <c>shutdown</c>.</summary>
public sealed record ShutdownOptions
{
    /// <summary>How long /readyz says 503 while connections are still accepted, so that whoever probes us looks elsewhere; default 5 s.</summary>
    public TimeSpan UnreadyFor { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long open connections may go on after that; default 30 s.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(30);
}

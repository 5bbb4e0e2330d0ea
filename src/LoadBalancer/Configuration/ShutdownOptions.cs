using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>How the process ends on SIGTERM: the file's <c>shutdown</c>.</summary>
public sealed record ShutdownOptions : IConfigurable<ShutdownOptions>
{
    /// <inheritdoc/>
    public static Shape<ShutdownOptions> Shape { get; } = new("shutdown", "How the process ends on SIGTERM.", "{unready_for: 5s, drain: 30s}", () => new())
    {
        {
            "unready_for", Kinds.Duration("0s", "10m"), o => o.UnreadyFor, (o, value) => o with { UnreadyFor = value },
            "How long `/readyz` says 503 while connections are still accepted, so that whoever probes us looks elsewhere."
        },
        {
            "drain", Kinds.Duration("0s", "1d"), o => o.Drain, (o, value) => o with { Drain = value },
            "How long open connections may go on after that."
        },
    };

    /// <summary>How long /readyz says 503 while connections are still accepted, so that whoever probes us looks elsewhere.</summary>
    public TimeSpan UnreadyFor { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long open connections may go on after that.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(30);
}

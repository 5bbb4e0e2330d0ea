using LoadBalancer.Configuration;

namespace LoadBalancer.Tcp;

/// <summary>Time bounds of a TCP listener's connections: the file's <c>listeners.NAME.timeouts</c>.</summary>
public sealed record TcpTimeouts : IConfigurable<TcpTimeouts>
{
    /// <inheritdoc/>
    public static Shape<TcpTimeouts> Shape { get; } = new(
        "tcp_timeouts", "Time bounds of a listener's connections.", "{connect: 2s, idle: 10m, half_closed: 1m}", () => new())
    {
        {
            "connect", Kinds.Duration("1ms", "5m").OrNothing("none"), o => o.Connect, (o, value) => o with { Connect = value },
            "The connect to one endpoint; `none` leaves it to the upstream."
        },
        {
            "preamble", Kinds.Duration("10ms", "5m"), o => o.Preamble, (o, value) => o with { Preamble = value },
            "What has to come before anything else, each for itself: the PROXY header where `accept_proxy_protocol` wants one, the TLS ClientHello where `sni` routes."
        },
        {
            "handshake", Kinds.Duration("100ms", "5m"), o => o.Handshake, (o, value) => o with { Handshake = value },
            "With `tls`: the TLS handshake, from the first moment to the last; `handshake_timeout`."
        },
        {
            "idle", Kinds.Duration("10ms", "30d"), o => o.Idle, (o, value) => o with { Idle = value },
            "With no byte in either direction for this long, the connection is closed."
        },
        {
            "half_closed", Kinds.Duration("10ms", "30d"), o => o.HalfClosed, (o, value) => o with { HalfClosed = value },
            "After one side has closed its half, the other has this long between bytes."
        },
    };

    /// <summary>The connect to one endpoint; null leaves it to the upstream.</summary>
    public TimeSpan? Connect { get; init; }

    /// <summary>What has to come before anything else, each for itself: a PROXY header, a ClientHello.</summary>
    public TimeSpan Preamble { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The TLS handshake of a listener that has TLS.</summary>
    public TimeSpan Handshake { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>With no byte in either direction for this long, the connection is closed.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>After one side has closed its half, the other has this long between bytes.</summary>
    public TimeSpan HalfClosed { get; init; } = TimeSpan.FromMinutes(1);
}

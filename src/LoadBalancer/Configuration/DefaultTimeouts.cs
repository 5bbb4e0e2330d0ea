using LoadBalancer.Configuration;
using LoadBalancer.Http.Server;
using LoadBalancer.Tcp;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>Time bounds that listeners start from, of TCP and of HTTP: the file's <c>defaults.timeouts</c>.</summary>
internal sealed record DefaultTimeouts : IConfigurable<DefaultTimeouts>
{
    private const string IdleKey = "idle";
    private const string HandshakeKey = "handshake";

    /// <inheritdoc/>
    public static Shape<DefaultTimeouts> Shape { get; } = new Shape<DefaultTimeouts>(
        "default_timeouts", "Time bounds that listeners start from: those of TCP and those of HTTP.", "{connect: 1s, idle: 30m, head: 5s}", () => new())
    {
        {
            IdleKey, Kinds.Duration("100ms", "1d").OrNothing("none"), o => o.Idle, (o, value) => o with { Idle = value },
            "With no byte for this long a TCP connection is closed, and an HTTP connection without a request; `none` for what is built in, 10m and 75s."
        },
        {
            HandshakeKey, Kinds.Duration("100ms", "5m"), o => o.Tcp.Handshake, (o, value) => o with { Tcp = o.Tcp with { Handshake = value }, Http = o.Http with { Handshake = value } },
            "The TLS handshake of a listener that has `tls`; `handshake_timeout`."
        },
    }.Including(TcpTimeouts.Shape, o => o.Tcp, (o, value) => o with { Tcp = value }, IdleKey, HandshakeKey)
        .Including(HttpTimeouts.Shape, o => o.Http, (o, value) => o with { Http = value }, IdleKey, HandshakeKey);

    /// <summary>With no byte for this long a connection is closed; null for what is built in.</summary>
    public TimeSpan? Idle { get; init; }

    /// <summary>What the keys of TCP say.</summary>
    internal TcpTimeouts Tcp { get; init; } = new();

    /// <summary>What the keys of HTTP say.</summary>
    internal HttpTimeouts Http { get; init; } = new();

    /// <summary>What a TCP listener starts from.</summary>
    internal TcpTimeouts ForTcp => Idle is { } idle ? Tcp with { Idle = idle } : Tcp;

    /// <summary>What an HTTP listener starts from.</summary>
    internal HttpTimeouts ForHttp => Idle is { } idle ? Http with { Idle = idle } : Http;
}

using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Tcp;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>A bound address, its protocol and connection policies: the file's <c>listeners.NAME</c>.</summary>
public sealed record ListenerOptions
{
    /// <summary>The addresses it accepts on, at least one.</summary>
    public ValueList<EndPoint> Bind { get; init; }

    /// <summary>Layer 4: where its connections lead.</summary>
    public required TcpOptions Tcp { get; init; }

    /// <summary>Connections at once over all its addresses; at the bound it stops accepting. Default 20,000.</summary>
    public int MaxConnections { get; init; } = 20_000;

    /// <summary>Time bounds of its connections.</summary>
    public TcpTimeouts Timeouts { get; init; } = new();
}

using LoadBalancer.Connections;
using LoadBalancer.Connections.Tracking;
using LoadBalancer.Telemetry;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tcp;

/// <summary>
/// What a TCP listener does with its connections under one configuration. Immutable and thread-safe: a reload makes
/// another, connections that began with this one finish with it.
/// </summary>
internal sealed class TcpProxy : ConnectionHandler
{
    /// <summary>The listener's name.</summary>
    public required string Listener { get; init; }

    /// <summary>Who takes the connections.</summary>
    public required TcpRouteTable Routes { get; init; }

    /// <summary>Time bounds of the connections.</summary>
    public required TcpTimeouts Timeouts { get; init; }

    /// <summary>Where they are tracked.</summary>
    public required ConnectionTable Connections { get; init; }

    /// <summary>Where they are counted.</summary>
    public required ListenerMetrics Metrics { get; init; }

    /// <summary>Where each leaves a line.</summary>
    public required ConnectionLog Log { get; init; }

    /// <summary>The clock of durations.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Hears of an error of this program that cost a connection.</summary>
    public required Action<Exception> OnBug { get; init; }

    /// <summary>The connect deadline: the listener's where it has one, else the upstream's.</summary>
    public TimeSpan ConnectTimeout(Upstream upstream) => Timeouts.Connect ?? upstream.Options.Timeouts.Connect;

    /// <inheritdoc/>
    public override bool Retires(ConnectionHandler before) => base.Retires(before) || (before is TcpProxy tcp && tcp.Routes != Routes);

    /// <inheritdoc/>
    public override void Serve(EpollConnection client) => _ = new TcpConnection(this, client).RunAsync();
}

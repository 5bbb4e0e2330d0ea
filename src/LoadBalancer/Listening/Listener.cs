using System.Collections.Immutable;
using System.Net;
using LoadBalancer.Connections;
using LoadBalancer.Connections.Tracking;
using LoadBalancer.Telemetry;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Listening;

/// <summary>
/// A listener of the file at work. It belongs to its name and outlives reloads: what changes is published into it, and
/// connections that began before go on as they began. Thread-safe.
/// </summary>
internal sealed class Listener
{
    private readonly LogSink _log;
    private Live<ConnectionHandler>? _handler;
    private ImmutableArray<ListeningSocket> _sockets = [];

    /// <summary>A listener without sockets; nothing reaches it before <see cref="Publish"/>.</summary>
    public Listener(string name, LoopGroup loops, ListenerMetrics metrics, LogSink log)
    {
        Name = name;
        _log = log;
        Metrics = metrics;
        Connections = new ConnectionTable(loops.Loops, onRoom: Resume);
    }

    /// <summary>Its name in the file.</summary>
    public string Name { get; }

    /// <summary>What it counts; it outlives the listener.</summary>
    public ListenerMetrics Metrics { get; }

    /// <summary>Its open connections.</summary>
    public ConnectionTable Connections { get; }

    /// <summary>What it does with connections now.</summary>
    public ConnectionHandler? Handler => _handler?.Current;

    /// <summary>Its addresses, with the ports that the kernel chose.</summary>
    public IEnumerable<EndPoint> Addresses => _sockets.Select(socket => socket.Address);

    /// <summary>Takes effect: connections from here on get <paramref name="handler"/>, on these sockets, within this bound.</summary>
    public void Publish(ConnectionHandler handler, ImmutableArray<ListeningSocket> sockets, int maxConnections)
    {
        handler.TakeEffect();
        if (_handler is null)
        {
            _handler = new Live<ConnectionHandler>(handler);
        }
        else
        {
            _handler.Swap(handler);
        }

        ImmutableInterlocked.InterlockedExchange(ref _sockets, sockets);
        Connections.Limit = maxConnections;
        foreach (var socket in sockets)
        {
            socket.Serve(this);
            socket.Start();
        }
    }

    /// <summary>True while it may have another connection; after a no it resumes by itself.</summary>
    public bool MayAccept() => Connections.HasRoom();

    /// <summary>Serves <paramref name="connection"/>; on its loop.</summary>
    public void Accept(EpollConnection connection) => _handler!.Current.Serve(connection);

    /// <summary>Logs that accepting pauses.</summary>
    public void OnAcceptFailed(EndPoint address, string why) =>
        _log.Error("accepting pauses", ("listener", Name), ("address", address), ("why", why));

    private void Resume()
    {
        foreach (var socket in _sockets)
        {
            socket.Start();
        }
    }
}

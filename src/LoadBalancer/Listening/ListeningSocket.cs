using System.Net;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Listening;

/// <summary>
/// A bound address, which outlives reloads: a listener that is changed or renamed takes its socket over, and no
/// connection that waits in the kernel is lost. Thread-safe.
/// </summary>
internal sealed class ListeningSocket : IConnectionSink
{
    private readonly EpollListener _socket;
    private Listener _owner;

    /// <summary>Binds; the kernel queues connections from here on, and <see cref="Start"/> accepts them.</summary>
    /// <param name="loops">The loops that accept.</param>
    /// <param name="address">Where.</param>
    /// <param name="inherited">A listening descriptor that somebody else has bound there already, or null.</param>
    /// <param name="owner">Who takes the connections.</param>
    /// <param name="besideOurs">True where another socket of ours holds the port at an address that overlaps with this one.</param>
    /// <exception cref="IOException">It cannot be bound; the message says why.</exception>
    public ListeningSocket(ReadOnlySpan<EventLoop> loops, EndPoint address, int? inherited, Listener owner, bool besideOurs)
    {
        _owner = owner;
        _socket = inherited is { } descriptor ? EpollListener.Inherit(loops, descriptor, this) : EpollListener.Bind(loops, address, this, besideOurs);
    }

    /// <summary>The address, with the port that the kernel chose where 0 was asked for.</summary>
    public EndPoint Address => _socket.Address;

    /// <summary>Gives it to <paramref name="owner"/>: connections from here on are theirs.</summary>
    public void Serve(Listener owner) => Volatile.Write(ref _owner, owner);

    /// <summary>Begins to accept, or goes on after a pause.</summary>
    public void Start() => _socket.Start();

    /// <summary>Accepts what waits and closes it.</summary>
    public Task CloseAsync() => _socket.CloseAsync();

    bool IConnectionSink.MayUseReserve => false;

    bool IConnectionSink.MayAccept() => Volatile.Read(ref _owner).MayAccept();

    void IConnectionSink.OnAccepted(EpollConnection connection) => Volatile.Read(ref _owner).Accept(connection);

    void IConnectionSink.OnAcceptFailed(string why) => Volatile.Read(ref _owner).OnAcceptFailed(Address, why);
}

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
    /// <param name="owner">Who takes the connections.</param>
    /// <param name="bind">Makes the socket, whose connections go to what it is given.</param>
    /// <exception cref="IOException">It cannot be bound; the message says why.</exception>
    public ListeningSocket(Listener owner, Func<IConnectionSink, EpollListener> bind)
    {
        _owner = owner;
        _socket = bind(this);
    }

    /// <summary>The address, with the port that the kernel chose where 0 was asked for.</summary>
    public EndPoint Address => _socket.Address;

    /// <summary>Gives it to <paramref name="owner"/>: connections from here on are theirs.</summary>
    public void Serve(Listener owner) => Volatile.Write(ref _owner, owner);

    /// <summary>Begins to accept, or goes on after a pause.</summary>
    public void Start() => _socket.Start();

    /// <summary>Its sockets of the kernel, of which another process may be given copies.</summary>
    public ReadOnlySpan<int> Descriptors => _socket.Descriptors;

    /// <summary>Accepts what waits and closes it.</summary>
    public Task CloseAsync() => _socket.CloseAsync();

    /// <summary>Leaves it, and what waits in it, to the process that has copies of it.</summary>
    public Task HandOverAsync() => _socket.HandOverAsync();

    bool IConnectionSink.MayUseReserve => false;

    bool IConnectionSink.MayAccept() => Volatile.Read(ref _owner).MayAccept();

    void IConnectionSink.OnAccepted(EpollConnection connection) => Volatile.Read(ref _owner).Accept(connection);

    void IConnectionSink.OnAcceptFailed(string why) => Volatile.Read(ref _owner).OnAcceptFailed(Address, why);
}

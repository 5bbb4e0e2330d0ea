using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer.Transport.Epoll;

/// <summary>An <see cref="EpollListener"/> from which connections are taken one by one, as Kestrel does. Thread-safe.</summary>
internal sealed class QueuedListener : IConnectionListener, IConnectionSink
{
    private readonly Channel<ConnectionContext> _accepted = Channel.CreateUnbounded<ConnectionContext>();
    private readonly EpollListener _listener;

    /// <summary>Binds <paramref name="address"/>, or takes it over from another process, and begins to accept.</summary>
    /// <exception cref="IOException">It cannot be bound; the message says why.</exception>
    public QueuedListener(ReadOnlySpan<EventLoop> loops, EndPoint address, InheritedListeners? inherited = null)
    {
        Name = $"queued {address}";
        _listener = inherited?.Take(Name, loops, this) ?? EpollListener.Bind(loops, address, this);
        _listener.Start();
    }

    /// <summary>What it is called where it is handed over.</summary>
    public string Name { get; }

    /// <summary>Where its connections come from.</summary>
    public EpollListener Sockets => _listener;

    /// <inheritdoc/>
    public EndPoint EndPoint => _listener.Address;

    /// <summary>The next connection, or null after <see cref="UnbindAsync"/>.</summary>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
        await _accepted.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false) && _accepted.Reader.TryRead(out var connection) ? connection : null;

    /// <inheritdoc/>
    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        await _listener.CloseAsync().ConfigureAwait(false);
        _accepted.Writer.TryComplete();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await UnbindAsync().ConfigureAwait(false);
        while (_accepted.Reader.TryRead(out var connection))
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    // Kestrel serves the operator, who has to see a process whose descriptors have run out.
    bool IConnectionSink.MayUseReserve => true;

    bool IConnectionSink.MayAccept() => true;

    void IConnectionSink.OnAccepted(EpollConnection connection)
    {
        var marshaled = new MarshaledConnection(connection);
        if (_listener.Address is UnixDomainSocketEndPoint)
        {
            marshaled.Features.Set(connection.PeerCredentials);
        }

        if (!_accepted.Writer.TryWrite(marshaled))
        {
            connection.Abort();
        }
    }

    void IConnectionSink.OnAcceptFailed(string why)
    {
        // It ends by itself; the listeners of traffic are the ones that report it.
    }
}

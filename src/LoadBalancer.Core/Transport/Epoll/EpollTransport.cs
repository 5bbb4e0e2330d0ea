using System.Collections.Immutable;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// The engine behind the framework's two interfaces, for consumers with threads of their own: Kestrel listens on it,
/// probes and clients connect through it. What runs on the loops itself uses <see cref="EpollListener"/> and
/// <see cref="ConnectAttempt"/> directly. Thread-safe.
/// </summary>
/// <param name="group">The loops, which outlive this.</param>
/// <param name="connectTimeout">The deadline of a connect for which the caller has none shorter.</param>
internal sealed class EpollTransport(LoopGroup group, TimeSpan connectTimeout) : IConnectionListenerFactory, IConnectionFactory
{
    private ImmutableList<QueuedListener> _listeners = [];

    /// <summary>Sockets that another process has bound; null where there is none.</summary>
    public InheritedListeners? Inherited { get; init; }

    /// <summary>Every listener that was made here and has not ended.</summary>
    public ImmutableList<QueuedListener> Listeners => Volatile.Read(ref _listeners).RemoveAll(static listener => listener.Sockets.IsClosed);

    /// <inheritdoc/>
    /// <exception cref="IOException">The address cannot be bound; the message says why.</exception>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var listener = new QueuedListener(group.Loops, endpoint, Inherited);
        ImmutableInterlocked.Update(ref _listeners, static (open, listener) => open.RemoveAll(static other => other.Sockets.IsClosed).Add(listener), listener);

        return ValueTask.FromResult<IConnectionListener>(listener);
    }

    /// <inheritdoc/>
    /// <exception cref="ConnectFailedException">Nothing answered; it says which fault it was.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up first.</exception>
    public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var loop = group.Next();
        await loop;
        var result = await ConnectAttempt.StartAsync(loop, endpoint, connectTimeout, cancellationToken);
        var connection = result.Socket is { } socket ? new MarshaledConnection(new EpollConnection(socket, endpoint)) : null;

        // What the caller does next is not the loop's business.
        await Task.Yield();
        if (connection is not null)
        {
            return connection;
        }

        cancellationToken.ThrowIfCancellationRequested();
        throw new ConnectFailedException(endpoint, result.Fault);
    }
}

using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// A connection for a consumer with threads of its own, such as Kestrel or HttpClient: every call hops to the loop where
/// it is not there already, and a reset throws as the framework's consumers expect. Thread-safe as a connection is:
/// one reader, one writer, and aborts from anywhere.
/// </summary>
internal sealed class MarshaledConnection : ConnectionContext, IDuplexPipe
{
    private readonly EpollConnection _connection;
    private readonly CancellationTokenSource _closed = new();

    /// <summary>Wraps <paramref name="connection"/>, which it owns from here on; on the loop.</summary>
    public MarshaledConnection(EpollConnection connection)
    {
        _connection = connection;
        connection.Observe();
        connection.OnClosed += _ => Closed();
        ConnectionId = connection.ConnectionId;
        LocalEndPoint = connection.LocalEndPoint;
        RemoteEndPoint = connection.RemoteEndPoint;
        ConnectionClosed = _closed.Token;
        Input = new MarshaledPipeReader(connection);
        Output = new MarshaledPipeWriter(connection);
        Transport = this;
    }

    /// <inheritdoc/>
    public override string ConnectionId { get; set; }

    /// <inheritdoc/>
    public override IFeatureCollection Features { get; } = new FeatureCollection();

    /// <inheritdoc/>
    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    /// <inheritdoc/>
    public override IDuplexPipe Transport { get; set; }

    /// <inheritdoc/>
    public PipeReader Input { get; }

    /// <inheritdoc/>
    public PipeWriter Output { get; }

    /// <inheritdoc/>
    public override void Abort(ConnectionAbortedException abortReason) =>
        _connection.Loop.Post(static connection => ((EpollConnection)connection!).Abort(), _connection);

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await _connection.Loop.RunAsync(
            static state =>
            {
                // What was not read is given back: the rest of an answer whose first line was enough. A writer's block may still be in its hands.
                var connection = (EpollConnection)state!;
                connection.Close();
                ((IDuplexPipe)connection).Input.Complete();
            },
            _connection).ConfigureAwait(false);

        // The cancellation that was queued may come too late: whoever waits for the token hears of the end in any case.
        await _closed.CancelAsync().ConfigureAwait(false);
        _closed.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    // Whoever waits for the token runs elsewhere: a callback of theirs is not to hold up the loop.
    private void Closed() => ThreadPool.UnsafeQueueUserWorkItem(
        static closed =>
        {
            try
            {
                closed.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // Disposed in the meantime: nobody waits any more.
            }
        },
        _closed,
        preferLocal: false);
}

using System.Threading.Tasks.Sources;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// Looks at the first bytes of a connection, and waits for more of them, without taking them: they stay in the kernel's
/// buffer, so that whoever serves the connection reads them as if nobody had looked. A connection that keeps silent thus
/// holds no buffer of ours. Made by <see cref="EpollConnection.Peek"/>. Touched only on its loop.
/// </summary>
internal sealed class SocketPeek : IReadinessObserver, IValueTaskSource<PeekOutcome>, IDisposable
{
    private readonly EpollConnection _connection;
    private readonly EpollSocket _socket;
    private readonly int _most;
    private readonly LoopTimer _deadline;
    private ManualResetValueTaskSourceCore<PeekOutcome> _completion;
    private int _count;
    private bool _waiting;

    internal SocketPeek(EpollConnection connection, EpollSocket socket, int most, TimeSpan timeout)
    {
        _connection = connection;
        _socket = socket;
        _most = most;
        _deadline = new LoopTimer(static owner => ((SocketPeek)owner).Complete(PeekOutcome.TimedOut), this);
        socket.Observe(this);
        socket.Loop.Schedule(_deadline, timeout);
    }

    /// <summary>What was seen so far, from the first byte on. In the loop's scratch buffer: valid until the next wait or read on the loop.</summary>
    public ReadOnlySpan<byte> Bytes => _socket.Loop.Scratch.AsSpan(0, _count);

    /// <summary>Waits until there are more bytes than before, or the reason why there will be none. Completes inline on the loop.</summary>
    public ValueTask<PeekOutcome> MoreAsync()
    {
        if (TryLook(out var outcome))
        {
            return ValueTask.FromResult(outcome);
        }

        _waiting = true;
        _completion.Reset();
        return new ValueTask<PeekOutcome>(this, _completion.Version);
    }

    /// <summary>Takes bytes that were seen: nobody else will read them. <see cref="Bytes"/> begins behind them.</summary>
    public void Take(int count)
    {
        // The kernel has them, so one read gives them all; of one that does not, the next read tells.
        // Whatever came after the look is told by an edge. A socket that is called readable in vain would hold back a PROXY header
        // for the endpoint, which waits for bytes to share its segment with.
        _socket.Receive(_socket.Loop.Scratch.AsSpan(0, count), emptiesKernel: count == _count && _count < _most);
        _count = 0;
    }

    /// <summary>Ends it; the connection may be read.</summary>
    public void Dispose()
    {
        _socket.Loop.Cancel(_deadline);
        _connection.EndPeek();
    }

    /// <summary>The connection was closed.</summary>
    internal void End() => Complete(PeekOutcome.Ended);

    void IReadinessObserver.OnReady(EpollSocket socket)
    {
        if (_waiting && TryLook(out var outcome))
        {
            Complete(outcome);
        }
    }

    void IReadinessObserver.OnUnhandledError(EpollSocket socket) => _connection.Abort();

    PeekOutcome IValueTaskSource<PeekOutcome>.GetResult(short token) => _completion.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<PeekOutcome>.GetStatus(short token) => _completion.GetStatus(token);

    void IValueTaskSource<PeekOutcome>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);

    private bool TryLook(out PeekOutcome outcome)
    {
        outcome = PeekOutcome.Ended;
        if (_socket.IsClosed)
        {
            return true;
        }

        // What is left unread keeps the socket readable, so this asks the kernel once for each thing that happens to it.
        if (!_socket.IsReadable)
        {
            return false;
        }

        var count = _socket.Peek(_socket.Loop.Scratch.AsSpan(0, _most));
        if (count > _count)
        {
            _count = count;
            outcome = PeekOutcome.More;
            return true;
        }

        outcome = count == EpollSocket.Failed ? PeekOutcome.Reset : PeekOutcome.Ended;
        return count == EpollSocket.Failed || (count != EpollSocket.WouldBlock && (count == 0 || _socket.HasPeerFinished));
    }

    private void Complete(PeekOutcome outcome)
    {
        if (_waiting)
        {
            _waiting = false;
            _completion.SetResult(outcome);
        }
    }
}

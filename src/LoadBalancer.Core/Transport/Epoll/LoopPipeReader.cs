using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using LoadBalancer.Faults;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// Reads a socket as a pipe without a pipe in between: a pending read completes inline when the socket becomes readable,
/// and a block is rented only then. Nobody asking means nothing read: that is the back-pressure. Touched only on its loop.
/// </summary>
/// <remarks>A reset is an expected outcome: the read completes, and <see cref="Fault"/> tells it from the peer's end of stream.</remarks>
internal sealed class LoopPipeReader(EpollSocket socket) : PipeReader, IValueTaskSource<ReadResult>
{
    /// <summary>A smaller rest of a block is not worth a call: a new one is rented.</summary>
    private const int WorthReading = 2048;

    /// <summary>
    /// What is read in one turn of the loop where not much is to come: enough for hundreds of requests, whose answers cost far more than their
    /// bytes. A peer that sends without end is then read on in the next turn, after the others.
    /// </summary>
    private const int SmallByteBudget = 16 * 1024;

    private ManualResetValueTaskSourceCore<ReadResult> _pendingRead;
    private CancellationTokenRegistration _cancellation;
    private CancellationToken _waitingWith;
    private PipeSegment? _first;
    private PipeSegment? _last;
    private int _start;
    private int _turn;
    private int _budget;
    private bool _isPosted;
    private bool _examinedAll = true;
    private bool _waiting;
    private bool _cancelNext;
    private bool _ended;
    private bool _completed;

    /// <summary>Why the stream ended, if not by the peer's FIN. Whose fault it is, the owner of the connection knows.</summary>
    public FaultKind Fault { get; private set; }

    /// <summary>True where much is to come: a read then takes up to <see cref="EventLoop.ScratchBytes"/> at once, into one block.</summary>
    public bool ReadsMuch { get; set; }

    /// <summary>True where nothing is buffered and nobody waits: the socket may be handed to a relay.</summary>
    public bool IsIdle => _first is null && !_waiting;

    /// <summary>How many bytes are there to be read without asking the socket.</summary>
    public long Buffered => _first is null ? 0 : _last!.RunningIndex + _last.End - _first.RunningIndex - _start;

    /// <summary>Asks the socket for more although some is there that nobody has looked at; true where more came, or the end.</summary>
    public bool ReadMore()
    {
        socket.Loop.AssertInLoop();
        return !_waiting && Fill();
    }

    /// <summary>
    /// Moves what is buffered, where it is little, into a small block: for bytes that wait for more, for as long as a slow peer likes. Between
    /// <see cref="AdvanceTo(SequencePosition, SequencePosition)"/> and the next read; what was read before is nowhere any more.
    /// </summary>
    public void Condense()
    {
        socket.Loop.AssertInLoop();
        if (_first is null || Buffered > EventLoop.SmallBlockBytes || (_first == _last && _first.Block.Length <= EventLoop.SmallBlockBytes))
        {
            return;
        }

        var kept = socket.Loop.SmallBlocks.RentSegment();
        var buffered = new ReadOnlySequence<byte>(_first, _start, _last!, _last!.End);
        buffered.CopyTo(kept.Tail.Span);
        kept.Append((int)buffered.Length);
        while (_first is not null)
        {
            ReleaseFirst();
        }

        Link(kept);
    }

    /// <inheritdoc/>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (TryRead(out var result))
        {
            return ValueTask.FromResult(result);
        }

        cancellationToken.ThrowIfCancellationRequested();
        _waiting = true;
        _waitingWith = cancellationToken;
        _pendingRead.Reset();
        if (cancellationToken.CanBeCanceled)
        {
            _cancellation = cancellationToken.UnsafeRegister(static (reader, token) => ((LoopPipeReader)reader!).OnCanceled(token), this);
        }

        return new ValueTask<ReadResult>(this, _pendingRead.Version);
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        socket.Loop.AssertInLoop();
        ObjectDisposedException.ThrowIf(_completed, this);
        if (_waiting)
        {
            throw new InvalidOperationException("a read is pending already");
        }

        if (_cancelNext || !_examinedAll || _ended || Fill())
        {
            result = TakeResult();
            return true;
        }

        result = default;
        return false;
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        socket.Loop.AssertInLoop();
        if (_last is null || consumed.GetObject() is not PipeSegment upTo)
        {
            _examinedAll = true;
            return;
        }

        _examinedAll = examined.GetObject() == _last && examined.GetInteger() == _last.End;
        while (_first != upTo)
        {
            ReleaseFirst();
        }

        _start = consumed.GetInteger();
        while (_first is not null && _start == _first.End)
        {
            ReleaseFirst();
        }
    }

    /// <inheritdoc/>
    public override void CancelPendingRead()
    {
        socket.Loop.AssertInLoop();
        _cancelNext = true;
        if (_waiting)
        {
            CompleteWaiting();
        }
    }

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null)
    {
        socket.Loop.AssertInLoop();
        _completed = true;
        while (_first is not null)
        {
            ReleaseFirst();
        }
    }

    /// <summary>The socket may have become readable, or has been closed under us.</summary>
    public void OnReady()
    {
        if (_waiting && (Fill() || _ended))
        {
            CompleteWaiting();
        }
    }

    /// <summary>Ends the stream from our side: a pending read completes with <paramref name="fault"/>.</summary>
    public void End(FaultKind fault)
    {
        if (!_ended)
        {
            _ended = true;
            Fault = fault;
            OnReady();
        }
    }

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token) => _pendingRead.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _pendingRead.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _pendingRead.OnCompleted(continuation, state, token, ValueTaskSourceOnCompletedFlags.None);

    /// <summary>Reads once if the socket has something; true where there is news: bytes, or the end.</summary>
    private bool Fill()
    {
        if (!socket.IsReadable || _ended || !MayRead())
        {
            return false;
        }

        var rented = _last is null || _last.Free < WorthReading ? (ReadsMuch ? socket.Loop.LargeBlocks : socket.Loop.Blocks).RentSegment() : null;
        var target = rented ?? _last!;
        var count = socket.Receive(target.Tail.Span);
        if (count <= 0)
        {
            rented?.Release();
            _ended = count != EpollSocket.WouldBlock;
            Fault = count == EpollSocket.Failed ? socket.Failure : Fault;
            return _ended;
        }

        _budget -= count;
        target.Append(count);
        if (rented is not null)
        {
            Link(rented);
        }

        _examinedAll = false;
        return true;
    }

    /// <summary>True where this turn's budget is not used up; else it is readable again in the next.</summary>
    private bool MayRead()
    {
        var turn = unchecked((int)socket.Loop.Turns);
        if (_turn != turn)
        {
            _turn = turn;
            _budget = ReadsMuch ? EventLoop.ByteBudget : SmallByteBudget;
        }

        if (_budget > 0)
        {
            return true;
        }

        if (!_isPosted)
        {
            _isPosted = true;
            socket.Loop.Post(static reader => ((LoopPipeReader)reader!).OnNextTurn(), this);
        }

        return false;
    }

    private void OnNextTurn()
    {
        _isPosted = false;
        OnReady();
    }

    private void Link(PipeSegment segment)
    {
        if (_last is null)
        {
            _first = segment;
            _start = 0;
        }
        else
        {
            _last.Link(segment);
        }

        _last = segment;
    }

    private ReadResult TakeResult()
    {
        var canceled = _cancelNext;
        _cancelNext = false;
        var buffer = _first is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(_first, _start, _last!, _last!.End);
        return new ReadResult(buffer, canceled, _ended);
    }

    private void CompleteWaiting()
    {
        _waiting = false;
        _cancellation.Dispose();
        _cancellation = default;
        _pendingRead.SetResult(TakeResult());
    }

    private void OnCanceled(CancellationToken token) => socket.Loop.Post(
        static state =>
        {
            var (reader, token) = ((LoopPipeReader, CancellationToken))state!;
            if (reader._waiting && reader._waitingWith == token)
            {
                reader._waiting = false;
                reader._cancellation = default;
                reader._pendingRead.SetException(new OperationCanceledException(token));
            }
        },
        (this, token));

    private void ReleaseFirst()
    {
        var released = _first!;
        _first = released.NextSegment;
        _start = 0;
        if (_first is null)
        {
            _last = null;
        }

        released.Release();
    }
}

using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using LoadBalancer.Faults;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// Writes a socket as a pipe without a pipe in between: a flush sends at once, and what the kernel does not take completes
/// it later, inline on the loop. A pending flush is the back-pressure. Touched only on its loop, but for
/// <see cref="GetMemory"/>, <see cref="GetSpan"/> and <see cref="Advance"/>, which the one writer may call anywhere between flushes.
/// </summary>
internal sealed class LoopPipeWriter(EpollSocket socket) : PipeWriter, IValueTaskSource<FlushResult>
{
    private ManualResetValueTaskSourceCore<FlushResult> _pendingFlush;
    private PipeSegment? _first;
    private PipeSegment? _last;
    private int _sent;
    private long _unflushed;
    private bool _waiting;
    private bool _cancelNext;
    private bool _completed;
    private bool _finished;
    private bool _isPutOff;
    private bool _owes;

    /// <summary>Where the bytes go.</summary>
    public EpollSocket Socket => socket;

    /// <summary>
    /// True where a flush of little completes at once and is sent with the others of its <see cref="SendBatch"/>, be it that the connection is
    /// closed before. What the kernel does not take then is sent when it does, and the next flush waits for that.
    /// </summary>
    public bool PutsOff { get; set; }

    /// <summary>True where bytes of a flush that completed are still to be sent.</summary>
    public bool Owes => _isPutOff || _owes;

    /// <summary>Why nothing more can be written, if so.</summary>
    public FaultKind Fault { get; private set; }

    /// <summary>True where everything was sent and nobody waits.</summary>
    public bool IsIdle => _first is null && !_waiting;

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => true;

    /// <inheritdoc/>
    public override long UnflushedBytes => _unflushed;

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_last is null || _last.Free < Math.Max(sizeHint, 1))
        {
            var segment = socket.Loop.Blocks.RentSegment(sizeHint);
            _first ??= segment;
            _last?.Link(segment);
            _last = segment;
        }

        return _last.Tail;
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <inheritdoc/>
    public override void Advance(int bytes)
    {
        if (bytes > 0)
        {
            (_last ?? throw new InvalidOperationException("Advance without GetMemory")).Append(bytes);
            _unflushed += bytes;
        }
    }

    /// <inheritdoc/>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        socket.Loop.AssertInLoop();
        if (_waiting)
        {
            throw new InvalidOperationException("a flush is pending already");
        }

        _unflushed = 0;
        if (TryPutOff() || Drain() || _cancelNext)
        {
            return ValueTask.FromResult(TakeResult());
        }

        _waiting = true;
        _pendingFlush.Reset();
        return new ValueTask<FlushResult>(this, _pendingFlush.Version);
    }

    /// <summary>
    /// Adds bytes and sends what the kernel takes of them, behind what was written before, without copying it: for much at once. The rest is
    /// copied and waits for the next flush.
    /// </summary>
    public void WriteThrough(ReadOnlySpan<byte> bytes)
    {
        socket.Loop.AssertInLoop();
        if (_waiting)
        {
            throw new InvalidOperationException("a flush is pending already");
        }

        // One call for a head and the body behind it; what is more than a segment is sent by itself first.
        if (_first is { NextSegment: null } segment && Fault == FaultKind.None && socket.IsWritable)
        {
            var before = segment.Block.AsSpan(_sent, segment.End - _sent);
            var count = socket.Send(before, bytes);
            if (count == EpollSocket.Failed)
            {
                Fault = FaultKind.Reset;
            }
            else if (count >= before.Length)
            {
                ReleaseFirst();
                bytes = bytes[(count - before.Length)..];
            }
            else if (count != EpollSocket.WouldBlock)
            {
                _sent += count;
            }
        }

        _unflushed = 0;
        if (Drain())
        {
            while (bytes.Length > 0 && Fault == FaultKind.None && socket.IsWritable)
            {
                var count = socket.Send(bytes);
                if (count == EpollSocket.Failed)
                {
                    Fault = FaultKind.Reset;
                }
                else if (count != EpollSocket.WouldBlock)
                {
                    bytes = bytes[count..];
                }
            }
        }

        while (bytes.Length > 0 && Fault == FaultKind.None)
        {
            var room = GetSpan();
            var count = Math.Min(room.Length, bytes.Length);
            bytes[..count].CopyTo(room);
            Advance(count);
            bytes = bytes[count..];
        }
    }

    /// <inheritdoc/>
    public override void CancelPendingFlush()
    {
        socket.Loop.AssertInLoop();
        _cancelNext = true;
        if (_waiting)
        {
            CompleteWaiting();
        }
    }

    /// <summary>Closes our half once everything is sent; with an exception, resets the connection.</summary>
    public override void Complete(Exception? exception = null)
    {
        socket.Loop.AssertInLoop();
        if (_completed)
        {
            return;
        }

        _completed = true;
        if (exception is not null)
        {
            End(FaultKind.Bug);
            socket.Reset();
        }
        else if (Drain())
        {
            Finish();
        }
    }

    /// <summary>Sends what a flush put off, if one did.</summary>
    public void SendFlushed()
    {
        if (_isPutOff)
        {
            _isPutOff = false;
            _owes = true;
            OnReady();
        }
    }

    /// <summary>The socket may have become writable.</summary>
    public void OnReady()
    {
        if ((_waiting || _completed || _owes) && Drain())
        {
            _owes = false;
            if (_waiting)
            {
                CompleteWaiting();
            }

            // Whoever waited may have gone on inline, and have written more before completing.
            if (_completed && _first is null)
            {
                Finish();
            }
        }
    }

    /// <summary>Gives up what was not sent: a pending flush completes, and no later one or completion sends anything.</summary>
    public void End(FaultKind fault)
    {
        if (Fault == FaultKind.None)
        {
            Fault = fault;
        }

        // Between flushes the blocks are the writer's, who may be filling one elsewhere: their next flush gives them back.
        while (_first is not null && (_waiting || _completed))
        {
            ReleaseFirst();
        }

        if (_waiting)
        {
            CompleteWaiting();
        }
    }

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token) => _pendingFlush.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) => _pendingFlush.GetStatus(token);

    void IValueTaskSource<FlushResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _pendingFlush.OnCompleted(continuation, state, token, ValueTaskSourceOnCompletedFlags.None);

    /// <summary>Leaves what there is to the batch; false where it is to be sent now.</summary>
    private bool TryPutOff()
    {
        if (!PutsOff || _first is not { NextSegment: null } || _cancelNext || Fault != FaultKind.None || !socket.IsWritable)
        {
            return false;
        }

        return _isPutOff = _isPutOff || socket.Loop.Sends.TryAdd(this);
    }

    /// <summary>Sends what there is; true where nothing is left, be it because the connection failed.</summary>
    private bool Drain()
    {
        while (_first is { } segment)
        {
            if (_sent == segment.End || Fault != FaultKind.None)
            {
                ReleaseFirst();
                continue;
            }

            if (!socket.IsWritable && !socket.IsClosed)
            {
                return false;
            }

            var count = socket.IsClosed
                ? EpollSocket.Failed
                : socket.Send(segment.Block.AsSpan(_sent, segment.End - _sent), more: segment.NextSegment is not null);
            if (count == EpollSocket.Failed)
            {
                Fault = FaultKind.Reset;
            }
            else if (count != EpollSocket.WouldBlock)
            {
                _sent += count;
            }
        }

        return true;
    }

    private void Finish()
    {
        if (!_finished && !socket.IsClosed)
        {
            _finished = true;
            socket.ShutdownSend();
        }
    }

    private FlushResult TakeResult()
    {
        var canceled = _cancelNext;
        _cancelNext = false;
        return new FlushResult(canceled, isCompleted: Fault != FaultKind.None);
    }

    private void CompleteWaiting()
    {
        _waiting = false;
        _pendingFlush.SetResult(TakeResult());
    }

    private void ReleaseFirst()
    {
        var released = _first!;
        _first = released.NextSegment;
        _sent = 0;
        if (_first is null)
        {
            _last = null;
        }

        released.Release();
    }
}

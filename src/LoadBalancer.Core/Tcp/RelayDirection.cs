using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tcp;

/// <summary>
/// One direction of a <see cref="Relay"/>: from a source to a sink. It holds a buffer only while the sink has not taken
/// all of a read. A mutable struct inside its relay; touched only on its loop.
/// </summary>
/// <remarks>
/// Messages are copied through the loop's scratch buffer, two system calls each. A stream in full flow goes through a pipe of
/// the kernel's, by as many calls and without a copy (splice(2)).
/// </remarks>
/// <param name="source">Who is read.</param>
/// <param name="sink">Who is written to.</param>
/// <param name="waitsForRoom">True where what a broken source had sent is kept until the sink has room for it; false where it is dropped.</param>
internal struct RelayDirection(EpollSocket source, EpollSocket sink, bool waitsForRoom)
{
    /// <summary>A read of this much is taken for a stream in full flow, whose bytes then pass through a pipe of the kernel's.</summary>
    private const int BulkFrom = EventLoop.ScratchBytes / 2;

    /// <summary>A read of less than this ends that: a copy of a little is cheaper than the handling of its pages.</summary>
    private const int BulkUntil = 8 * 1024;

    private byte[]? _left;
    private int _leftStart;
    private int _leftEnd;
    private int _ownLeft;
    private KernelPipe? _pipe;
    private Flow _flow;
    private bool _sourceEnded;

    private enum Flow : byte
    {
        /// <summary>Copied, until a large read.</summary>
        Copied,

        /// <summary>Moved through a pipe.</summary>
        Piped,

        /// <summary>Copied for ever: one of the two is no TCP socket, or this kernel does not let us.</summary>
        OnlyCopied,
    }

    /// <summary>True where a read is held that the sink has not taken whole.</summary>
    private readonly bool HasLeft => _left is not null || _pipe is not null;

    /// <summary>Bytes that the sink took.</summary>
    public long Bytes { get; private set; }

    /// <summary>True where nothing more will be moved.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>True where it ended because the source failed.</summary>
    public bool ReadFailed { get; private set; }

    /// <summary>True where it ended because the sink failed.</summary>
    public bool WriteFailed { get; private set; }

    /// <summary>True where the source has failed on its other direction: what it sent before is passed on, but its end is no FIN.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Makes the sink get <paramref name="own"/> before anything of the source's; not counted in <see cref="Bytes"/>. Before the first move.</summary>
    public void SendFirst(EventLoop loop, ReadOnlySpan<byte> own)
    {
        _left = PoolOf(loop, own.Length).Rent();
        own.CopyTo(_left);
        (_leftStart, _leftEnd, _ownLeft) = (0, own.Length, own.Length);
    }

    /// <summary>Moves what can be moved now, within <see cref="EventLoop.ByteBudget"/> or, through a pipe, <see cref="EventLoop.PipedByteBudget"/>.</summary>
    /// <param name="loop">The loop of both sockets.</param>
    /// <param name="isLast">True where the other direction has ended: both sockets are closed after this one's end, which is a FIN too.</param>
    public RelayProgress Move(EventLoop loop, bool isLast)
    {
        if (HasEnded || (!HasLeft && !source.IsReadable && !_sourceEnded))
        {
            return RelayProgress.None;
        }

        var progress = RelayProgress.None;
        for (var budget = _flow == Flow.Piped ? EventLoop.PipedByteBudget : EventLoop.ByteBudget; budget > 0;)
        {
            if (HasLeft)
            {
                if (!(_left is null ? SendPipe(loop, ref progress) : SendLeft(loop, ref progress)))
                {
                    return WithoutRoom(loop, progress);
                }
            }
            else if (_sourceEnded)
            {
                HasEnded = true;
                if (!IsBroken && !isLast)
                {
                    sink.ShutdownSend();
                }

                return progress | RelayProgress.Ended;
            }
            else
            {
                // A sink without room is not read for: the source's sender feels it through its window.
                if (!source.IsReadable || !sink.IsWritable)
                {
                    return WithoutRoom(loop, progress);
                }

                var piped = _flow == Flow.Piped ? ReceivePiped(loop, Math.Min(budget, KernelPipe.Capacity)) : 0;
                var count = piped != 0 ? piped : source.Receive(loop.Scratch);
                if (count > 0)
                {
                    budget -= count;
                    if (!(piped > 0 ? SendPipe(loop, ref progress) : Send(loop, loop.Scratch.AsSpan(0, count), ref progress)))
                    {
                        return WithoutRoom(loop, progress);
                    }
                }
                else if (count == 0)
                {
                    _sourceEnded = true;
                }
                else if (count == EpollSocket.Failed)
                {
                    HasEnded = ReadFailed = true;
                    return progress | RelayProgress.Ended;
                }
                else
                {
                    return progress;
                }
            }
        }

        return progress | RelayProgress.BudgetSpent;
    }

    /// <summary>Gives back the buffer; what is in it is dropped.</summary>
    public void Release(EventLoop loop)
    {
        if (_left is not null)
        {
            PoolOf(loop, _left.Length).Return(_left);
            _left = null;
        }

        if (_pipe is not null)
        {
            loop.Pipes.Return(_pipe);
            _pipe = null;
        }
    }

    /// <summary>Reads into a pipe; 0 where <see cref="EpollSocket.Receive"/> is to be asked instead.</summary>
    private int ReceivePiped(EventLoop loop, int most)
    {
        if (loop.Pipes.TryRent() is not { } pipe)
        {
            return 0;
        }

        var count = source.ReceiveInto(pipe, most);
        if (count > 0)
        {
            _pipe = pipe;
            _flow = count < BulkUntil && count < most ? Flow.Copied : Flow.Piped;
            return count;
        }

        loop.Pipes.Return(pipe);
        if (count == EpollSocket.Failed && source.Error is Errno.InvalidArgument or Errno.NotPermitted or Errno.NotImplemented)
        {
            _flow = Flow.OnlyCopied;
            return 0;
        }

        _flow = count == 0 ? Flow.Copied : _flow;
        return count;
    }

    /// <summary>Sends what is in the pipe; false where some is still in it or the direction has ended.</summary>
    private bool SendPipe(EventLoop loop, ref RelayProgress progress)
    {
        while (sink.IsWritable)
        {
            var taken = sink.SendFrom(_pipe!);
            if (taken == EpollSocket.Failed)
            {
                Release(loop);
                return FailWrite(ref progress);
            }

            if (taken > 0)
            {
                Bytes += taken;
                progress |= RelayProgress.Moved;
            }

            if (_pipe!.Bytes == 0)
            {
                Release(loop);
                return true;
            }
        }

        return false;
    }

    /// <summary>Nothing can be moved now. It ends where the source is broken and what it had sent is not worth the wait.</summary>
    private RelayProgress WithoutRoom(EventLoop loop, RelayProgress progress)
    {
        if (waitsForRoom || HasEnded || !source.IsBroken || sink.IsWritable)
        {
            return progress;
        }

        Release(loop);
        HasEnded = ReadFailed = true;
        return progress | RelayProgress.Ended;
    }

    /// <summary>Sends fresh bytes and keeps the rest; false where the direction has to wait or has ended.</summary>
    private bool Send(EventLoop loop, ReadOnlySpan<byte> bytes, ref RelayProgress progress)
    {
        var taken = sink.Send(bytes);
        if (_flow == Flow.Copied && bytes.Length >= BulkFrom)
        {
            _flow = source.IsTcp && sink.IsTcp ? Flow.Piped : Flow.OnlyCopied;
        }

        if (taken == bytes.Length)
        {
            Bytes += taken;
            progress |= RelayProgress.Moved;
            return true;
        }

        if (taken == EpollSocket.Failed)
        {
            return FailWrite(ref progress);
        }

        taken = Math.Max(taken, 0);
        Bytes += taken;
        progress |= RelayProgress.Moved;
        _left = PoolOf(loop, bytes.Length - taken).Rent();
        bytes[taken..].CopyTo(_left);
        _leftStart = 0;
        _leftEnd = bytes.Length - taken;
        return false;
    }

    /// <summary>Sends what an earlier go left; false where some is still left or the direction has ended.</summary>
    private bool SendLeft(EventLoop loop, ref RelayProgress progress)
    {
        if (!sink.IsWritable)
        {
            return false;
        }

        // Bytes of our own leave in one segment with the source's first ones, where those are here.
        var taken = sink.Send(_left.AsSpan(_leftStart, _leftEnd - _leftStart), more: _ownLeft > 0 && source.IsReadable);
        if (taken == EpollSocket.Failed)
        {
            Release(loop);
            return FailWrite(ref progress);
        }

        if (taken > 0)
        {
            var own = Math.Min(taken, _ownLeft);
            _ownLeft -= own;
            Bytes += taken - own;
            _leftStart += taken;
            progress |= RelayProgress.Moved;
        }

        if (_leftStart < _leftEnd)
        {
            return false;
        }

        Release(loop);
        return true;
    }

    private bool FailWrite(ref RelayProgress progress)
    {
        HasEnded = WriteFailed = true;
        progress |= RelayProgress.Ended;
        return false;
    }

    private static BlockPool PoolOf(EventLoop loop, int bytes) => bytes <= loop.Blocks.BlockBytes ? loop.Blocks : loop.LargeBlocks;
}

using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tcp;

/// <summary>
/// One direction of a <see cref="Relay"/>: from a source to a sink. It holds a buffer only while the sink has not taken
/// all of a read. A mutable struct inside its relay; touched only on its loop.
/// </summary>
/// <param name="source">Who is read.</param>
/// <param name="sink">Who is written to.</param>
/// <param name="waitsForRoom">True where what a broken source had sent is kept until the sink has room for it; false where it is dropped.</param>
internal struct RelayDirection(EpollSocket source, EpollSocket sink, bool waitsForRoom)
{
    private byte[]? _left;
    private int _leftStart;
    private int _leftEnd;
    private bool _sourceEnded;

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

    /// <summary>Moves what can be moved now, within <see cref="EventLoop.ByteBudget"/>.</summary>
    public RelayProgress Move(EventLoop loop)
    {
        if (HasEnded || (_left is null && !source.IsReadable && !_sourceEnded))
        {
            return RelayProgress.None;
        }

        var progress = RelayProgress.None;
        for (var budget = EventLoop.ByteBudget; budget > 0;)
        {
            if (_left is not null)
            {
                if (!SendLeft(loop, ref progress))
                {
                    return WithoutRoom(loop, progress);
                }
            }
            else if (_sourceEnded)
            {
                HasEnded = true;
                if (!IsBroken)
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

                var count = source.Receive(loop.Scratch);
                if (count > 0)
                {
                    budget -= count;
                    if (!Send(loop, loop.Scratch.AsSpan(0, count), ref progress))
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

        var taken = sink.Send(_left.AsSpan(_leftStart, _leftEnd - _leftStart));
        if (taken == EpollSocket.Failed)
        {
            Release(loop);
            return FailWrite(ref progress);
        }

        if (taken > 0)
        {
            Bytes += taken;
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

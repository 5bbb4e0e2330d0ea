using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls;

/// <summary>
/// Encrypted bytes on their way to a socket: taken whole, and what the kernel has no room for waits here. Touched only on the socket's loop.
/// </summary>
internal sealed class WireOutput(EpollSocket socket)
{
    private byte[]? _pending;
    private int _start;
    private int _end;

    /// <summary>True while some wait.</summary>
    public bool HasPending => _pending is not null;

    /// <summary>True where the connection has failed, or more would wait than one write makes.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Sends what the kernel takes, and keeps the rest.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        if (!HasPending && !HasFailed && socket.IsWireWritable && bytes.Length > 0)
        {
            var count = socket.SendWire(bytes);
            HasFailed = count == EpollSocket.Failed;
            bytes = bytes[Math.Max(count, 0)..];
        }

        if (!HasFailed && bytes.Length > 0)
        {
            Keep(bytes);
        }
    }

    /// <summary>Sends what waits; true where nothing is left.</summary>
    public bool SendRest()
    {
        while (_pending is not null)
        {
            if (!socket.IsWireWritable)
            {
                return false;
            }

            var count = socket.SendWire(_pending.AsSpan(_start.._end));
            HasFailed = count == EpollSocket.Failed;
            _start += Math.Max(count, 0);
            if (HasFailed || _start == _end)
            {
                Drop();
            }
        }

        return !HasFailed;
    }

    /// <summary>Lets go of what waits.</summary>
    public void Drop()
    {
        if (_pending is not null)
        {
            PoolOf(_pending.Length).Return(_pending);
            (_pending, _start, _end) = (null, 0, 0);
        }
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        var needed = _end - _start + bytes.Length;
        if (needed > EventLoop.LargeBlockBytes)
        {
            // A peer that makes us answer and does not read: no more of that.
            HasFailed = true;
            return;
        }

        if (_pending is null || _pending.Length - _end < bytes.Length)
        {
            var room = PoolOf(needed).Rent();
            var kept = _end - _start;
            _pending.AsSpan(_start.._end).CopyTo(room);
            Drop();
            (_pending, _start, _end) = (room, 0, kept);
        }

        bytes.CopyTo(_pending.AsSpan(_end));
        _end += bytes.Length;
    }

    private BlockPool PoolOf(int bytes) => bytes <= socket.Loop.Blocks.BlockBytes ? socket.Loop.Blocks : socket.Loop.LargeBlocks;
}

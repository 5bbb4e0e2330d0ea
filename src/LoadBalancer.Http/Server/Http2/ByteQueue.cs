using System.Buffers;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server.Http2;

/// <summary>Bytes that wait, in blocks of the loop's; empty it holds none. Touched only on its loop.</summary>
internal sealed class ByteQueue(EventLoop loop)
{
    private PipeSegment? _first;
    private PipeSegment? _last;
    private int _start;

    /// <summary>How many.</summary>
    public long Length { get; private set; }

    /// <summary>All of them, valid until they are taken.</summary>
    public ReadOnlySequence<byte> Bytes => _first is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(_first, _start, _last!, _last!.End);

    /// <summary>Adds a copy of bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var room = Room();
            var count = Math.Min(room.Length, bytes.Length);
            bytes[..count].CopyTo(room);
            Advance(count);
            bytes = bytes[count..];
        }
    }

    /// <summary>Room behind them, at least a byte.</summary>
    public Span<byte> Room() => RoomMemory().Span;

    /// <summary>Room behind them, at least <paramref name="least"/> bytes.</summary>
    public Memory<byte> RoomMemory(int least = 1)
    {
        if (_last is null || _last.Free < least)
        {
            var segment = loop.Blocks.RentSegment(least);
            _first ??= segment;
            _last?.Link(segment);
            _last = segment;
        }

        return _last.Tail;
    }

    /// <summary>Counts bytes of the room as added.</summary>
    public void Advance(int count)
    {
        _last!.Append(count);
        Length += count;
    }

    /// <summary>Takes the first <paramref name="count"/> away.</summary>
    public void Take(long count)
    {
        Length -= count;
        while (_first is { } segment && count >= segment.End - _start)
        {
            count -= segment.End - _start;
            _first = segment.NextSegment;
            _start = 0;
            segment.Release();
        }

        _start += (int)count;
        if (_first is null)
        {
            (_last, _start) = (null, 0);
        }
    }

    /// <summary>Takes all away.</summary>
    public void Clear() => Take(Length);
}

using System.Runtime.InteropServices;

namespace LoadBalancer.Telemetry;

/// <summary>
/// A bounded queue of whole lines between one producer and one consumer, as bytes in a ring. When it is full a line is
/// dropped and counted, because a loop never waits for a disk.
/// </summary>
/// <remarks>
/// No lock: the producer alone moves the tail, the consumer alone the head, both ever-growing (the ring of L. Lamport,
/// "Specifying concurrent program modules", 1983). The two lie on cache lines of their own.
/// </remarks>
internal sealed class LineRing
{
    private readonly byte[] _bytes;
    private readonly int _mask;
    private Ends _ends;

    /// <summary>An empty ring.</summary>
    /// <param name="capacity">Its size in bytes, a power of two. A longer line is always dropped.</param>
    public LineRing(int capacity)
    {
        if (capacity < 2 || (capacity & (capacity - 1)) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(capacity), capacity, "the size of a ring is a power of two");
        }

        _bytes = new byte[capacity];
        _mask = capacity - 1;
    }

    /// <summary>Lines that were appended.</summary>
    public long Lines => Volatile.Read(ref _ends.Lines);

    /// <summary>Lines that found no room, and lines that the consumer cut off.</summary>
    public long Dropped => Volatile.Read(ref _ends.Dropped) + Volatile.Read(ref _ends.Cut);

    /// <summary>Where the last line ends: all that was ever appended, in bytes.</summary>
    public long Tail => Volatile.Read(ref _ends.Tail);

    /// <summary>Where the consumer is, in the same count.</summary>
    public long Head => Volatile.Read(ref _ends.Head);

    /// <summary>True where nothing waits for the consumer.</summary>
    public bool IsEmpty => Head == Tail;

    /// <summary>True where half of it waits for the consumer.</summary>
    public bool IsHalfFull => Tail - Head >= _bytes.Length / 2;

    /// <summary>Producer: appends one line, its line feed included; false where there was no room.</summary>
    public bool TryAppend(ReadOnlySpan<byte> line)
    {
        var tail = _ends.Tail;
        if (line.Length > _bytes.Length - (tail - Volatile.Read(ref _ends.Head)))
        {
            Refuse();
            return false;
        }

        var at = (int)tail & _mask;
        var straight = Math.Min(line.Length, _bytes.Length - at);
        line[..straight].CopyTo(_bytes.AsSpan(at));
        line[straight..].CopyTo(_bytes);
        Volatile.Write(ref _ends.Lines, _ends.Lines + 1);
        Volatile.Write(ref _ends.Tail, tail + line.Length);
        return true;
    }

    /// <summary>Producer: counts a line that is dropped before it came here.</summary>
    public void Refuse() => Volatile.Write(ref _ends.Dropped, _ends.Dropped + 1);

    /// <summary>Consumer: the bytes that can be read in one piece, empty where there are none; valid until <see cref="Advance"/>.</summary>
    public ReadOnlySpan<byte> Peek()
    {
        var head = _ends.Head;
        var at = (int)head & _mask;
        return _bytes.AsSpan(at, (int)Math.Min(Volatile.Read(ref _ends.Tail) - head, _bytes.Length - at));
    }

    /// <summary>Consumer: gives <paramref name="count"/> bytes of <see cref="Peek"/> back to the producer.</summary>
    public void Advance(int count) => Volatile.Write(ref _ends.Head, _ends.Head + count);

    /// <summary>Consumer: gives up the rest of a line whose beginning went to an output that is gone.</summary>
    public void CutLine()
    {
        while (Peek() is { IsEmpty: false } rest)
        {
            var end = rest.IndexOf((byte)'\n');
            Advance(end < 0 ? rest.Length : end + 1);
            if (end >= 0)
            {
                Volatile.Write(ref _ends.Cut, _ends.Cut + 1);
                return;
            }
        }
    }

    [StructLayout(LayoutKind.Explicit, Size = 384)]
    private struct Ends
    {
        [FieldOffset(128)]
        public long Tail;
        [FieldOffset(136)]
        public long Lines;
        [FieldOffset(144)]
        public long Dropped;
        [FieldOffset(256)]
        public long Head;
        [FieldOffset(264)]
        public long Cut;
    }
}

using System.Buffers;

namespace LoadBalancer.Transport.Epoll;

/// <summary>A rented block in the chain of a pipe. Bytes [0, <see cref="End"/>) hold data; more may be appended to the last one.</summary>
internal sealed class PipeSegment : ReadOnlySequenceSegment<byte>
{
    private readonly BlockPool? _pool;

    /// <summary>A block of <paramref name="pool"/>, or one of its own where <paramref name="minimumBytes"/> is larger than a block.</summary>
    public PipeSegment(BlockPool pool, int minimumBytes = 0)
    {
        _pool = minimumBytes <= pool.BlockBytes ? pool : null;
        Block = _pool?.Rent() ?? new byte[minimumBytes];
    }

    /// <summary>The bytes, filled and free.</summary>
    public byte[] Block { get; }

    /// <summary>How many are filled.</summary>
    public int End { get; private set; }

    /// <summary>How many are free.</summary>
    public int Free => Block.Length - End;

    /// <summary>The free bytes.</summary>
    public Memory<byte> Tail => Block.AsMemory(End);

    /// <summary>The segment after this one.</summary>
    public PipeSegment? NextSegment
    {
        get => (PipeSegment?)Next;
        private set => Next = value;
    }

    /// <summary>Counts <paramref name="bytes"/> of the free ones as filled.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many.</exception>
    public void Append(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (uint)Free);
        End += bytes;
        Memory = Block.AsMemory(0, End);
    }

    /// <summary>Puts <paramref name="next"/> behind this one, which gets no more bytes.</summary>
    public void Link(PipeSegment next)
    {
        NextSegment = next;
        next.RunningIndex = RunningIndex + End;
    }

    /// <summary>Returns the block; nobody looks at the segment any more.</summary>
    public void Release() => _pool?.Return(Block);
}

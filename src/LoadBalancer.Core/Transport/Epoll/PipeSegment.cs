using System.Buffers;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// A rented block in the chain of a pipe. Bytes [0, <see cref="End"/>) hold data; more may be appended to the last one. The object is
/// pooled like its block: <see cref="BlockPool.RentSegment"/> gives one.
/// </summary>
internal sealed class PipeSegment : ReadOnlySequenceSegment<byte>
{
    private BlockPool? _pool;

    /// <summary>The bytes, filled and free.</summary>
    public byte[] Block { get; private set; } = [];

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

    /// <summary>The next of those that nobody uses; the pool's.</summary>
    internal PipeSegment? NextFree { get; set; }

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

    /// <summary>Returns the block and the segment; nobody looks at either any more.</summary>
    public void Release()
    {
        var (pool, block) = (_pool, Block);
        Block = [];
        if (pool is not null)
        {
            pool.Return(block);
            pool.Return(this);
        }
    }

    /// <summary>Begins a new use with a block of <paramref name="pool"/>, or with one of its own where <paramref name="pool"/> is null.</summary>
    internal void Begin(BlockPool? pool, byte[] block)
    {
        _pool = pool;
        Block = block;
        End = 0;
        Memory = default;
        Next = null;
        RunningIndex = 0;
    }
}

using System.Collections.Concurrent;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// A loop's buffers: pinned blocks of one size, reused last in first out while they are warm in the cache. Rent and
/// return on the loop cost a few instructions; off the loop they are safe and slower.
/// </summary>
/// <param name="loop">The loop whose thread owns the fast path.</param>
/// <param name="blockBytes">The size of a block.</param>
/// <param name="keptBytes">How much may lie unused here; what is returned beyond it goes to the garbage collector.</param>
internal sealed class BlockPool(EventLoop loop, int blockBytes, int keptBytes)
{
    private readonly byte[]?[] _kept = new byte[keptBytes / blockBytes][];
    private readonly ConcurrentQueue<byte[]> _returnedElsewhere = new();
    private int _count;
    private PipeSegment? _freeSegments;
    private int _freeSegmentCount;

    /// <summary>The size of each block in bytes.</summary>
    public int BlockBytes => blockBytes;

    /// <summary>Blocks in use, rented on the loop less returned on it or elsewhere: 0 when nothing holds data. For tests and metrics.</summary>
    public int Rented => Volatile.Read(ref _rented);

    private int _rented;

    /// <summary>A block with undefined content.</summary>
    public byte[] Rent()
    {
        Interlocked.Increment(ref _rented);
        if (loop.InLoop)
        {
            if (_count > 0)
            {
                var block = _kept[--_count]!;
                _kept[_count] = null;
                return block;
            }

            if (_returnedElsewhere.TryDequeue(out var other))
            {
                return other;
            }
        }

        return GC.AllocateUninitializedArray<byte>(blockBytes, pinned: true);
    }

    /// <summary>Takes back a block; the caller holds no reference to it any more.</summary>
    public void Return(byte[] block)
    {
        Interlocked.Decrement(ref _rented);
        if (!loop.InLoop)
        {
            // Bounded like the kept ones: a burst of foreign returns must not become a hoard.
            if (_returnedElsewhere.Count < _kept.Length)
            {
                _returnedElsewhere.Enqueue(block);
            }
        }
        else if (_count < _kept.Length)
        {
            _kept[_count++] = block;
        }
    }

    /// <summary>An empty segment around a block, or around an array of its own where <paramref name="minimumBytes"/> is larger than a block.</summary>
    public PipeSegment RentSegment(int minimumBytes = 0)
    {
        var segment = loop.InLoop ? TakeFree() : new PipeSegment();
        var fits = minimumBytes <= blockBytes;
        segment.Begin(fits ? this : null, fits ? Rent() : new byte[minimumBytes]);
        return segment;
    }

    /// <summary>Takes back a segment whose block was returned.</summary>
    internal void Return(PipeSegment segment)
    {
        if (loop.InLoop && _freeSegmentCount < _kept.Length)
        {
            segment.NextFree = _freeSegments;
            _freeSegments = segment;
            _freeSegmentCount++;
        }
    }

    private PipeSegment TakeFree()
    {
        if (_freeSegments is not { } segment)
        {
            return new PipeSegment();
        }

        _freeSegments = segment.NextFree;
        _freeSegmentCount--;
        segment.NextFree = null;
        return segment;
    }
}

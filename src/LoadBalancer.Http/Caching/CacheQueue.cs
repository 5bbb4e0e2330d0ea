namespace LoadBalancer.Http.Caching;

/// <summary>Entries in the order in which they came. Not thread-safe: its shard's lock guards it.</summary>
/// <param name="segment">What its entries are in.</param>
internal sealed class CacheQueue(CacheSegment segment)
{
    /// <summary>What its entries weigh, in bytes.</summary>
    public long Bytes { get; private set; }

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>The one that came last; null where there is none.</summary>
    public CacheEntry? Newest { get; private set; }

    /// <summary>The one that came first.</summary>
    public CacheEntry? Oldest { get; private set; }

    /// <summary>Adds one that is nowhere.</summary>
    public void Add(CacheEntry entry)
    {
        (entry.Segment, entry.Older, entry.Newer) = (segment, Newest, null);
        if (Newest is not null)
        {
            Newest.Newer = entry;
        }

        Newest = entry;
        Oldest ??= entry;
        Bytes += entry.Size;
        Count++;
    }

    /// <summary>Takes one out that is here.</summary>
    public void Remove(CacheEntry entry)
    {
        if (entry.Newer is not null)
        {
            entry.Newer.Older = entry.Older;
        }
        else
        {
            Newest = entry.Older;
        }

        if (entry.Older is not null)
        {
            entry.Older.Newer = entry.Newer;
        }
        else
        {
            Oldest = entry.Newer;
        }

        (entry.Segment, entry.Older, entry.Newer) = (CacheSegment.None, null, null);
        Bytes -= entry.Size;
        Count--;
    }
}

using System.Collections.Concurrent;

namespace LoadBalancer.Http.Caching;

/// <summary>
/// A part of a <see cref="CacheStore"/>, with a share of its bytes: what to keep is decided here. Finding takes no lock; adding and removing take the shard's.
/// </summary>
/// <remarks>
/// <code>
///   new ─► window (1 %, by age) ─► candidate ─► asked for more often than those it would replace? ── yes ─► main (99 %)
///                                                            │ no                                            │ the hand: visited ─► once more
///                                                            ▼                                               ▼ not visited ─► a victim
///                                                         dropped                                    dropped for a candidate
/// </code>
/// W-TinyLFU (Einziger, Friedman, Manes, ACM TOS 2017), with SIEVE's hand (Zhang et al., NSDI 2024) in main in place of segmented LRU: a hit sets a mark and moves
/// nothing, so it needs neither a lock nor buffers. Victims are weighed together, as in Einziger et al., Lightweight Robust Size Aware Cache Management (ACM TOS
/// 2022): one large body is worth no more than all the small ones that it would take the room of.
/// </remarks>
internal sealed class CacheShard
{
    private const int WindowShare = 100;

    // Requests for each entry until what was counted fades. Ten, as the paper has it, see an entry that is just worth its room less than once: noise would
    // choose. Thirty keep half of what the best choice has over that (bench/LoadBalancer.Bench, HitRatio), and forget a day's favourite within minutes.
    private const int SampleOfEntry = 30;
    private const int LeastSample = 512;

    // Entries that are spared for one candidate because somebody has found them: readers go on marking while the hand goes round, and the lock is held.
    private const int MostSpared = 128;

    private readonly ConcurrentDictionary<ulong, CacheEntry> _index = new(concurrencyLevel: 1, capacity: 64);
    private readonly CacheQueue _window = new(CacheSegment.Window);
    private readonly CacheQueue _main = new(CacheSegment.Main);
    private readonly List<CacheEntry> _victims = [];
    private readonly FrequencySketch _sketch;
    private readonly PurgeLog _purges;
    private readonly Lock _lock = new();
    private CacheEntry? _hand;
    private long _most;
    private long _bytes;
    private long _lingering;
    private long _stored;
    private long _evicted;

    /// <summary>An empty shard.</summary>
    /// <param name="most">What its entries may weigh, in bytes.</param>
    /// <param name="keys">About how many entries that will be.</param>
    /// <param name="purges">What is not to come in any more.</param>
    public CacheShard(long most, int keys, PurgeLog purges) => (_most, _sketch, _purges) = (most, new FrequencySketch(keys), purges);

    /// <summary>What its entries weigh, in bytes.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>What entries weigh that are given up and that clients are still on their way through, in bytes: so much less may the others weigh.</summary>
    public long Lingering => Volatile.Read(ref _lingering);

    /// <summary>Responses that came in; what a 304 has made fresh again was here already.</summary>
    public long Stored => Volatile.Read(ref _stored);

    /// <summary>Responses that had to go because others were worth more.</summary>
    public long Evicted => Volatile.Read(ref _evicted);

    /// <summary>All entries; what comes and goes meanwhile may be among them or not. Takes no lock.</summary>
    public IEnumerable<CacheEntry> Entries
    {
        get
        {
            foreach (var (_, entry) in _index)
            {
                yield return entry;
            }
        }
    }

    /// <summary>The entry of a key, which counts as asked for; null where there is none.</summary>
    public CacheEntry? Find(ulong hash, ReadOnlySpan<byte> key)
    {
        _sketch.Add(hash);
        if (Peek(hash, key) is not { } entry)
        {
            return null;
        }

        if (!entry.IsVisited)
        {
            entry.IsVisited = true;
        }

        return entry;
    }

    /// <summary>The entry of a key, and nobody has asked.</summary>
    public CacheEntry? Peek(ulong hash, ReadOnlySpan<byte> key) =>
        _index.TryGetValue(hash, out var entry) && entry.Key.SequenceEqual(key) ? entry : null;

    /// <summary>Adds an entry, in place of one with its hash; whether it stays is decided when the window is full.</summary>
    public void Add(CacheEntry entry)
    {
        lock (_lock)
        {
            if (entry is CachedResponse response && _purges.Has(response))
            {
                return;
            }

            var segment = CacheSegment.None;
            if (_index.TryGetValue(entry.Hash, out var before))
            {
                segment = before.Segment;
                Drop(before);
            }

            if (entry.Size > _most)
            {
                Settle();
                return;
            }

            if (entry is CachedResponse { Readers: var readers })
            {
                EndLingering(readers, isKept: true);
                _stored += (before as CachedResponse)?.Readers == readers ? 0 : 1;
            }

            _index[entry.Hash] = entry;
            if (segment == CacheSegment.Main && _main.Bytes + entry.Size <= MostOfMain)
            {
                _main.Add(entry);
            }
            else
            {
                _window.Add(entry);
            }

            _sketch.AddMiss(entry.Hash);
            if (_sketch.Additions >= Math.Max(LeastSample, (_window.Count + _main.Count) * SampleOfEntry))
            {
                _sketch.Age();
            }

            Settle();
        }
    }

    /// <summary>Removes an entry; false where it was not here any more.</summary>
    public bool Remove(CacheEntry entry)
    {
        lock (_lock)
        {
            if (entry.Segment == CacheSegment.None)
            {
                return false;
            }

            Drop(entry);
            Settle();
            return true;
        }
    }

    /// <summary>Returns when nobody adds any more who may not have seen the latest purge.</summary>
    public void AwaitAdding()
    {
        lock (_lock)
        {
        }
    }

    /// <summary>The last reader of a body that was given up is done with it.</summary>
    public void EndLingering(BodyReaders readers)
    {
        lock (_lock)
        {
            EndLingering(readers, isKept: false);
        }
    }

    /// <summary>Lets its entries weigh another number of bytes; what is too much goes.</summary>
    public void Resize(long most)
    {
        lock (_lock)
        {
            _most = most;
            Settle();
        }
    }

    // Clients that take long must not be able to empty it.
    private long Room => _most - Math.Min(_lingering, _most / 2);

    private long MostOfWindow => Room / WindowShare;

    private long MostOfMain => Room - MostOfWindow;

    private void Settle()
    {
        while (_window.Bytes > MostOfWindow)
        {
            var candidate = _window.Oldest!;
            _window.Remove(candidate);
            if (IsAdmitted(candidate))
            {
                _main.Add(candidate);
            }
            else
            {
                _index.TryRemove(candidate.Hash, out _);
                Linger(candidate);
                _evicted += candidate is CachedResponse ? 1 : 0;
            }
        }

        while (_main.Bytes > MostOfMain)
        {
            Evict(_hand ?? _main.Oldest!);
        }

        Volatile.Write(ref _bytes, _window.Bytes + _main.Bytes);
        Count = _window.Count + _main.Count;
    }

    /// <summary>Makes room in main for a candidate, where that is worth more than what has to go.</summary>
    private bool IsAdmitted(CacheEntry candidate)
    {
        var needed = _main.Bytes + candidate.Size - MostOfMain;
        if (needed <= 0)
        {
            return true;
        }

        if (candidate.Size > MostOfMain)
        {
            return false;
        }

        var worth = _sketch.Estimate(candidate.Hash);
        var loss = 0;
        var spared = 0;
        _victims.Clear();
        while (needed > 0)
        {
            var entry = _hand ?? _main.Oldest!;
            if (_victims.Count > 0 && entry == _victims[0])
            {
                // All the way round, and it is not enough.
                return Refuse();
            }

            _hand = entry.Newer;
            if (entry.IsVisited && spared++ < MostSpared)
            {
                entry.IsVisited = false;
                continue;
            }

            loss += _sketch.Estimate(entry.Hash);
            if (loss >= worth)
            {
                return Refuse();
            }

            _victims.Add(entry);
            needed -= entry.Size;
        }

        foreach (var victim in _victims)
        {
            Evict(victim);
        }

        _victims.Clear();
        return true;
    }

    // What was looked at must not be held by that.
    private bool Refuse()
    {
        _victims.Clear();
        return false;
    }

    private void Evict(CacheEntry entry)
    {
        _evicted += entry is CachedResponse ? 1 : 0;
        Drop(entry);
    }

    private void Linger(CacheEntry entry)
    {
        if (entry is not CachedResponse { Readers: var readers } || readers.Lingering > 0 || Volatile.Read(ref readers.Count) == 0)
        {
            return;
        }

        // Said before it is asked again: whoever is done looks at it after he has counted himself out, so that one of the two sees the other.
        Volatile.Write(ref readers.Lingering, entry.Size);
        _lingering += entry.Size;
        Interlocked.MemoryBarrier();
        EndLingering(readers, isKept: false);
    }

    private void EndLingering(BodyReaders readers, bool isKept)
    {
        if (isKept || Volatile.Read(ref readers.Count) == 0)
        {
            _lingering -= readers.Lingering;
            Volatile.Write(ref readers.Lingering, 0);
        }
    }

    private void Drop(CacheEntry entry)
    {
        if (_hand == entry)
        {
            _hand = entry.Newer;
        }

        _index.TryRemove(new KeyValuePair<ulong, CacheEntry>(entry.Hash, entry));
        (entry.Segment == CacheSegment.Window ? _window : _main).Remove(entry);
        Linger(entry);
    }
}

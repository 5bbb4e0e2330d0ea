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
    private readonly Lock _lock = new();
    private CacheEntry? _hand;
    private long _most;
    private long _bytes;

    /// <summary>An empty shard.</summary>
    /// <param name="most">What its entries may weigh, in bytes.</param>
    /// <param name="keys">About how many entries that will be.</param>
    public CacheShard(long most, int keys) => (_most, _sketch) = (most, new FrequencySketch(keys));

    /// <summary>What its entries weigh, in bytes.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

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

    /// <summary>Removes an entry, if it is still here.</summary>
    public void Remove(CacheEntry entry)
    {
        lock (_lock)
        {
            if (entry.Segment != CacheSegment.None)
            {
                Drop(entry);
                Settle();
            }
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

    private long MostOfWindow => _most / WindowShare;

    private long MostOfMain => _most - MostOfWindow;

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
            }
        }

        while (_main.Bytes > MostOfMain)
        {
            Drop(_hand ?? _main.Oldest!);
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
                return false;
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
                return false;
            }

            _victims.Add(entry);
            needed -= entry.Size;
        }

        foreach (var victim in _victims)
        {
            Drop(victim);
        }

        return true;
    }

    private void Drop(CacheEntry entry)
    {
        if (_hand == entry)
        {
            _hand = entry.Newer;
        }

        _index.TryRemove(new KeyValuePair<ulong, CacheEntry>(entry.Hash, entry));
        (entry.Segment == CacheSegment.Window ? _window : _main).Remove(entry);
    }
}

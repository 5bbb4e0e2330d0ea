using System.Buffers.Binary;
using System.Numerics;

namespace LoadBalancer.Http.Caching;

/// <summary>
/// What is kept in memory of answers, within a number of bytes: the whole process's, shared by the loops. Thread-safe. Finding something takes no lock and
/// allocates nothing, and what was found stays whole in the reader's hands, whatever the store does meanwhile: entries are the collector's (ADR 0027).
/// </summary>
internal sealed class CacheStore
{
    /// <summary>What a <c>cache</c> without a word about it has, in bytes.</summary>
    public const long DefaultBytes = 64 * 1024 * 1024;

    /// <summary>The fewest that a file may say.</summary>
    public const long LeastBytes = 1024 * 1024;

    private const int MostShards = 8;
    private const int LeastShardBytes = 8 * 1024 * 1024;

    // Of the budget: the sketch takes 8 bytes for each of these, 1.6 %, and up to twice that.
    private const int BytesOfKey = 512;
    private const int MostKeys = 1 << 20;

    private const int RecordedShare = 4;
    private const int BodyShare = 4;

    // As many as there is KiB: what is changed ends, besides what is kept of it, about one other answer at most, and a flood of changes is no weapon.
    private const int BytesOfMark = 1024;
    private const int LeastMarks = 4096;
    private const int MostMarks = 1 << 20;

    private const int FetchTables = 16;

    private readonly CacheShard[] _shards;
    private readonly long[] _changes;
    private readonly PurgeLog _purges = new();
    private readonly FetchTable[] _fetches = new FetchTable[FetchTables];
    private readonly ulong _seed;
    private readonly ulong _secret;
    private long _most;
    private long _recorded;
    private long _scopes;
    private long _purged;

    /// <summary>An empty store.</summary>
    /// <param name="most">What its entries weigh at most, all together, in bytes.</param>
    /// <param name="seeds">Where the secret of the hash comes from; drawn from here alone.</param>
    /// <param name="shards">Of how many parts it is, a power of two; 0 for what suits the bytes.</param>
    public CacheStore(long most, Random seeds, int shards = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        shards = shards > 0 ? shards : (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(most / LeastShardBytes, 1, MostShards));
        _most = most;
        _seed = (ulong)seeds.NextInt64();
        _secret = (ulong)seeds.NextInt64() | 1;
        _changes = new long[BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(most / BytesOfMark, LeastMarks, MostMarks))];
        Array.Fill(_changes, long.MinValue);
        _shards = new CacheShard[shards];
        for (var at = 0; at < FetchTables; at++)
        {
            _fetches[at] = new FetchTable();
        }

        for (var at = 0; at < shards; at++)
        {
            _shards[at] = new CacheShard(most / shards, (int)Math.Min(MostKeys, most / BytesOfKey / shards), _purges);
        }
    }

    /// <summary>What its entries may weigh, in bytes.</summary>
    public long Most => Volatile.Read(ref _most);

    /// <summary>The longest body that is kept, in bytes: a part of what one shard has.</summary>
    public long MostBody => Most / _shards.Length / BodyShare;

    /// <summary>A number that nobody had before: answers of one scope are never found in another.</summary>
    public long NextScope() => Interlocked.Increment(ref _scopes);

    /// <summary>Something at a host and path was changed: what was asked for before is not to be used (RFC 9111 section 4.4). Whoever falls on the same mark, by a secret hash, is asked for anew too.</summary>
    /// <param name="place">The number of host and path: <see cref="PlaceOf"/>.</param>
    /// <param name="now">When, by the clock of durations.</param>
    public void Change(ulong place, long now) => Volatile.Write(ref _changes[place & (ulong)(_changes.Length - 1)], now);

    /// <summary>When something there was changed the last time, by the clock of durations.</summary>
    public long ChangedAt(ulong place) => Volatile.Read(ref _changes[place & (ulong)(_changes.Length - 1)]);

    /// <summary>The number of a host and a path, whatever scheme, port, query and route.</summary>
    public ulong PlaceOf(ReadOnlySpan<byte> host, ReadOnlySpan<byte> path) => Fold(HashOf(host) ^ BitOperations.RotateLeft(HashOf(path), 32), _secret);

    /// <summary>What bodies that pass may hold beside what is kept, in bytes: a quarter of that.</summary>
    public long MostRecorded => Most / RecordedShare;

    /// <summary>Bodies that pass hold more bytes, or fewer.</summary>
    public void Recorded(long bytes) => Interlocked.Add(ref _recorded, bytes);

    /// <summary>What bodies that pass hold at the moment, in bytes.</summary>
    public long RecordedBytes => Volatile.Read(ref _recorded);

    /// <summary>What is asked for at endpoints, of keys with this number.</summary>
    public FetchTable FetchesOf(ulong hash) => _fetches[hash % FetchTables];

    /// <summary>How many fetches are under way, for each of which others may wait.</summary>
    public int Fetches
    {
        get
        {
            var count = 0;
            foreach (var table in _fetches)
            {
                count += table.UnderWay;
            }

            return count;
        }
    }

    /// <summary>How many exchanges wait for them.</summary>
    public int Waiting
    {
        get
        {
            var count = 0;
            foreach (var table in _fetches)
            {
                count += table.Waiting;
            }

            return count;
        }
    }

    /// <summary>What they weigh, in bytes.</summary>
    public long Bytes => Sum(static shard => shard.Bytes);

    /// <summary>How many there are.</summary>
    public long Count => Sum(static shard => shard.Count);

    /// <summary>What entries weigh that are given up and still being sent, in bytes: it counts, up to half of what may be kept.</summary>
    public long Lingering => Sum(static shard => shard.Lingering);

    /// <summary>Responses that came in since there is the store.</summary>
    public long Stored => Sum(static shard => shard.Stored);

    /// <summary>Responses that had to go for others.</summary>
    public long Evicted => Sum(static shard => shard.Evicted);

    /// <summary>Responses that operators have given up.</summary>
    public long Purged => Interlocked.Read(ref _purged);

    /// <summary>The number of a key, which nobody outside can foresee.</summary>
    public ulong HashOf(ReadOnlySpan<byte> key)
    {
        const ulong Odd = 0x9E37_79B9_7F4A_7C15;
        var hash = _seed ^ ((ulong)key.Length * Odd);
        while (key.Length >= sizeof(ulong))
        {
            hash = Fold(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(key), _secret);
            key = key[sizeof(ulong)..];
        }

        var rest = 0ul;
        foreach (var value in key)
        {
            rest = (rest << 8) | value;
        }

        return Fold(Fold(hash ^ rest, _secret) ^ _seed, Odd);
    }

    /// <summary>What is kept for a key, which counts as asked for; null where nothing is.</summary>
    /// <param name="key">The key.</param>
    /// <param name="hash">Its number.</param>
    public CacheEntry? Find(ReadOnlySpan<byte> key, ulong hash) => ShardOf(hash).Find(hash, key);

    /// <summary>What is kept for a key, and nobody has asked.</summary>
    public CacheEntry? Peek(ReadOnlySpan<byte> key, ulong hash) => ShardOf(hash).Peek(hash, key);

    /// <summary>Keeps something, in place of what has the same key; as long as it is worth its room.</summary>
    public void Add(CacheEntry entry) => ShardOf(entry.Hash).Add(entry);

    /// <summary>Gives something up, if it is kept still.</summary>
    public void Remove(CacheEntry entry) => ShardOf(entry.Hash).Remove(entry);

    /// <summary>
    /// Gives up what a purge means, in all its forms, and sees to it that nothing of it comes in that was asked for before. It walks over all there is, and holds
    /// nobody up by that: not on a loop.
    /// </summary>
    /// <returns>How many responses were given up.</returns>
    public long Purge(CachePurge purge)
    {
        _purges.Add(purge);
        foreach (var shard in _shards)
        {
            shard.AwaitAdding();
        }

        // One form of an answer has the tag, and the others are as old.
        var forms = purge.Tag is null ? null : Entries.Where(purge.Matches).Select(static entry => entry.Primary).ToHashSet();
        var count = 0L;
        foreach (var entry in Entries)
        {
            if ((forms is null ? purge.Matches(entry) : forms.Contains(entry.Primary)) && ShardOf(entry.Hash).Remove(entry) && entry is CachedResponse)
            {
                count++;
            }
        }

        Interlocked.Add(ref _purged, count);
        return count;
    }

    /// <summary>True where a response was given up before it came.</summary>
    public bool IsGivenUp(CachedResponse response) => _purges.Has(response);

    /// <summary>Somebody begins to send a long body, which is in memory until he is done. <see cref="Release"/> follows once.</summary>
    public static void Hold(CachedResponse response) => Interlocked.Increment(ref response.Readers.Count);

    /// <summary>He is done.</summary>
    public void Release(CachedResponse response)
    {
        if (Interlocked.Decrement(ref response.Readers.Count) == 0 && Volatile.Read(ref response.Readers.Lingering) > 0)
        {
            ShardOf(response.Hash).EndLingering(response.Readers);
        }
    }

    /// <summary>Lets it weigh another number of bytes; what is too much goes, with 0 all, and nothing comes in any more.</summary>
    public void Resize(long most)
    {
        if (Interlocked.Exchange(ref _most, most) != most)
        {
            foreach (var shard in _shards)
            {
                shard.Resize(most / _shards.Length);
            }
        }
    }

    private IEnumerable<CacheEntry> Entries => _shards.SelectMany(static shard => shard.Entries);

    private long Sum(Func<CacheShard, long> of) => _shards.Sum(of);

    private static ulong Fold(ulong one, ulong other)
    {
        var high = Math.BigMul(one, other, out var low);
        return high ^ low;
    }

    // The sketch takes the low bits and those from 32 on.
    private CacheShard ShardOf(ulong hash) => _shards[(int)(hash >> 27) & (_shards.Length - 1)];
}

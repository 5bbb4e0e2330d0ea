namespace LoadBalancer.Http.Caching;

/// <summary>
/// Something in a <see cref="CacheStore"/>: immutable, so that any number of exchanges read it at once, whether the store has it still or has given it up.
/// What is mutable belongs to the store.
/// </summary>
/// <param name="key">What it is found by, whole.</param>
/// <param name="hash">The key's number: <see cref="CacheStore.HashOf"/>.</param>
/// <param name="size">What it weighs in bytes, its key and objects included.</param>
internal abstract class CacheEntry(byte[] key, ulong hash, long size)
{
    /// <summary>About what an entry takes besides its texts and its body: itself, its arrays' headers, its place in the index.</summary>
    public const int Overhead = 320;

    /// <summary>What it is found by.</summary>
    public ReadOnlySpan<byte> Key => key;

    /// <summary>The key's number.</summary>
    public ulong Hash => hash;

    /// <summary>What it weighs, in bytes.</summary>
    public long Size => size;

    /// <summary>The host and the path that it is of, as requests ask for them: by those it is given up.</summary>
    public required byte[] Place { get; init; }

    /// <summary>The number of its key without what answers vary on: all that have it are one answer in several forms.</summary>
    public required ulong Primary { get; init; }

    /// <summary>True since somebody has found it and the hand has not come by. Written by any thread, with no fence: a mark that is lost costs nothing but a poorer guess.</summary>
    internal bool IsVisited;

    /// <summary>Where it is; under the shard's lock.</summary>
    internal CacheSegment Segment;

    /// <summary>The one that came after it; under the shard's lock.</summary>
    internal CacheEntry? Newer;

    /// <summary>The one that came before it; under the shard's lock.</summary>
    internal CacheEntry? Older;
}

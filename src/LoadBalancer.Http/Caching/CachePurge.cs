namespace LoadBalancer.Http.Caching;

/// <summary>
/// What an operator has given up, of what was asked for until then: everything that all its words are true of. With no word that is all there is. Immutable.
/// </summary>
/// <param name="at">When, by the clock of durations.</param>
internal sealed class CachePurge(long at)
{
    /// <summary>When, by the clock of durations.</summary>
    public long At => at;

    /// <summary>The host, as <see cref="Server.RequestHead.Host"/> has it; null for any.</summary>
    public byte[]? Host { get; init; }

    /// <summary>The path, or what it begins with: as <see cref="Server.RequestHead.Path"/> has it; null for any.</summary>
    public byte[]? Path { get; init; }

    /// <summary>True where paths are meant that begin with <see cref="Path"/>.</summary>
    public bool IsPrefix { get; init; }

    /// <summary>The number of a tag: <see cref="CacheStore.HashOf"/>; null for any and none.</summary>
    public ulong? Tag { get; init; }

    /// <summary>True where an entry is to be given up.</summary>
    public bool Matches(CacheEntry entry)
    {
        if (entry is CachedResponse response && (response.AskedAt > at || (Tag is { } tag && !response.Tags.AsSpan().Contains(tag))))
        {
            return false;
        }

        ReadOnlySpan<byte> host = entry.Place;
        ReadOnlySpan<byte> path = default;
        if (host.IndexOf((byte)'/') is var slash and >= 0)
        {
            path = host[slash..];
            host = host[..slash];
        }

        return (Tag is null || entry is CachedResponse)
            && (Host is null || host.SequenceEqual(Host))
            && (Path is null || (IsPrefix ? path.StartsWith(Path) : path.SequenceEqual(Path)));
    }
}

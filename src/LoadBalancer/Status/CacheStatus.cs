using LoadBalancer.Http.Caching;

namespace LoadBalancer.Daemon.Status;

/// <summary>What is kept of answers, over all routes.</summary>
internal sealed record CacheStatus
{
    /// <summary>What may be kept, in bytes: the file's <c>cache</c>.</summary>
    public required long Memory { get; init; }

    /// <summary>What is kept, in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>What was given up and is still being sent to clients that take long, in bytes.</summary>
    public required long LingeringBytes { get; init; }

    /// <summary>How many entries that are: answers, and notes of what they vary on.</summary>
    public required long Entries { get; init; }

    /// <summary>Answers that came in.</summary>
    public required long Stored { get; init; }

    /// <summary>Answers that had to go for others.</summary>
    public required long Evicted { get; init; }

    /// <summary>Answers that operators have given up.</summary>
    public required long Purged { get; init; }

    /// <summary>The status of a store; null for none.</summary>
    public static CacheStatus? Of(CacheStore? store) => store is null ? null : new()
    {
        Memory = store.Most,
        Bytes = store.Bytes,
        LingeringBytes = store.Lingering,
        Entries = store.Count,
        Stored = store.Stored,
        Evicted = store.Evicted,
        Purged = store.Purged,
    };
}

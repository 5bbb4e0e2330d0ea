using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Caching;

/// <summary>What the answers that routes keep may take, over all routes and listeners: the file's <c>cache</c>.</summary>
internal sealed record CacheMemoryOptions : IConfigurable<CacheMemoryOptions>
{
    /// <inheritdoc/>
    public static Shape<CacheMemoryOptions> Shape { get; } = new(
        "cache", "Where routes with `cache` keep answers.", "{memory: 256MiB}", () => new(), shortForm: "memory")
    {
        {
            "memory", Kinds.Size("1MiB", "1TiB"), o => o.Memory, (o, value) => o with { Memory = value },
            "What is kept at most, fields and keys included, over all routes. What is asked for more often stays. The longest body that is kept is a thirty-second part of it, of less than 64MiB up to 2MiB."
        },
    };

    /// <summary>What is kept at most, in bytes.</summary>
    public long Memory { get; init; } = CacheStore.DefaultBytes;
}

using System.Collections.Immutable;

namespace LoadBalancer.Http.Caching;

/// <summary>What a client got of the cache, as the access log, metrics and /status name it. A look-up that is named nowhere here is one that did not happen.</summary>
internal static class CacheResults
{
    /// <summary>The words, in the order in which they are printed: from memory, and not.</summary>
    public static ImmutableArray<string> Names { get; } = ["hit", "coalesced", "stale", "revalidated", "miss", "bypass", "refreshed", "refresh_failed"];

    extension(CacheLookup lookup)
    {
        /// <summary>The place of its word in <see cref="Names"/>; negative where nobody has looked.</summary>
        public int Result => lookup switch
        {
            CacheLookup.Hit => 0,
            CacheLookup.Collapsed => 1,
            CacheLookup.StaleHit or CacheLookup.StaleOnError => 2,
            CacheLookup.Revalidated => 3,
            CacheLookup.Miss or CacheLookup.VaryMiss or CacheLookup.Stale => 4,
            CacheLookup.Bypass or CacheLookup.Method => 5,
            CacheLookup.Refreshed => 6,
            CacheLookup.RefreshFailed => 7,
            _ => -1,
        };

        /// <summary>The word; null where nobody has looked.</summary>
        public string? Word => lookup.Result is var at and >= 0 ? Names[at] : null;

        /// <summary>True where the client's answer came from memory.</summary>
        public bool IsFromMemory => lookup is CacheLookup.Hit or CacheLookup.Collapsed or CacheLookup.StaleHit or CacheLookup.StaleOnError or CacheLookup.Revalidated;
    }
}

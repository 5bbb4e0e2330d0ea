using System.Collections.Immutable;

namespace LoadBalancer.Http.Caching;

/// <summary>What a client got of the cache, as the access log, metrics and /status name it. A look-up that is named nowhere here is one that did not happen.</summary>
internal static class CacheResults
{
    /// <summary>The words, in the order in which they are printed: from memory, and not.</summary>
    public static ImmutableArray<string> Names { get; } = ["hit", "coalesced", "miss", "bypass"];

    extension(CacheLookup lookup)
    {
        /// <summary>The place of its word in <see cref="Names"/>; negative where nobody has looked.</summary>
        public int Result => lookup switch
        {
            CacheLookup.Hit => 0,
            CacheLookup.Collapsed => 1,
            CacheLookup.Miss or CacheLookup.VaryMiss or CacheLookup.Stale => 2,
            CacheLookup.Bypass or CacheLookup.Method => 3,
            _ => -1,
        };

        /// <summary>The word; null where nobody has looked.</summary>
        public string? Word => lookup.Result is var at and >= 0 ? Names[at] : null;

        /// <summary>True where the client's answer came from memory.</summary>
        public bool IsFromMemory => lookup is CacheLookup.Hit or CacheLookup.Collapsed;
    }
}

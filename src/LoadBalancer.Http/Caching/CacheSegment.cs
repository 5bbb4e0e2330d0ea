namespace LoadBalancer.Http.Caching;

/// <summary>Where an entry of the cache is.</summary>
internal enum CacheSegment : byte
{
    /// <summary>In no store: not yet, or no more.</summary>
    None,

    /// <summary>Among the new ones, which have yet to show that they are wanted.</summary>
    Window,

    /// <summary>Among those that were wanted more often than what they have replaced.</summary>
    Main,
}

namespace LoadBalancer.Http.Caching;

/// <summary>What came of looking for an answer.</summary>
internal enum CacheLookup : byte
{
    /// <summary>Nobody has looked.</summary>
    None,

    /// <summary>It was not looked for: the request is none whose answers are kept, or has no part in them.</summary>
    Bypass,

    /// <summary>It was not looked for: the method asks for no answer that is kept.</summary>
    Method,

    /// <summary>There is one, and it is sent.</summary>
    Hit,

    /// <summary>There is none.</summary>
    Miss,

    /// <summary>There is none for these fields of the request.</summary>
    VaryMiss,

    /// <summary>There is one that is too old, or from before a change.</summary>
    Stale,

    /// <summary>There was none, and now there is: another exchange has brought it, for which this one waited.</summary>
    Collapsed,

    /// <summary>There is one that is too old, and its endpoint has said that it is as good as new.</summary>
    Revalidated,

    /// <summary>There is one that is too old and is sent all the same, while it is asked for anew.</summary>
    StaleHit,

    /// <summary>There is one that is too old and is sent all the same, as its endpoint has failed.</summary>
    StaleOnError,

    /// <summary>Nobody has looked: what was too old was asked for anew in the background.</summary>
    Refreshed,

    /// <summary>The same, and it has failed.</summary>
    RefreshFailed,
}

namespace LoadBalancer.Http.Caching;

/// <summary>With whom an answer to a known caller is shared.</summary>
internal enum CacheSharing
{
    /// <summary>With nobody: it is not kept, and nothing that is kept is the answer.</summary>
    None,

    /// <summary>With callers of the same plan.</summary>
    Plan,

    /// <summary>With every known caller.</summary>
    All,
}

namespace LoadBalancer.Http.Explaining;

/// <summary>Why a route does not have a request, from the closest miss to the farthest.</summary>
internal enum MissReason : byte
{
    /// <summary>Everything fits, and another route that fits is more specific.</summary>
    Rank,

    /// <summary>Everything fits, and a more specific route has the path but not the method: no broader route is tried then.</summary>
    Hidden,

    /// <summary>The method.</summary>
    Method,

    /// <summary>A query parameter.</summary>
    Query,

    /// <summary>A header field.</summary>
    Header,

    /// <summary>The path, be it one of its host.</summary>
    Path,

    /// <summary>The host, while the path fits.</summary>
    Host,
}

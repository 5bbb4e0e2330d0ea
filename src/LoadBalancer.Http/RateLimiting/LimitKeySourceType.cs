namespace LoadBalancer.Http.RateLimiting;

/// <summary>What a caller is told from others by.</summary>
internal enum LimitKeySourceType
{
    /// <summary>The client's address; of IPv6 its network of 64 bits.</summary>
    ClientIp,

    /// <summary>Who calls: provider and subject.</summary>
    Identity,

    /// <summary>A header field of the request.</summary>
    Header,

    /// <summary>A claim of who calls.</summary>
    Claim,

    /// <summary>The route: all its callers are one.</summary>
    Route,
}

namespace LoadBalancer.Http.RateLimiting;

/// <summary>What a limit has said to a request.</summary>
internal enum LimitOutcome
{
    /// <summary>It may.</summary>
    Allowed,

    /// <summary>It may not.</summary>
    Refused,

    /// <summary>It might not, were the limit not only watched (<c>shadow</c>).</summary>
    WouldRefuse,

    /// <summary>It may not, because the store of the counts cannot be asked.</summary>
    Unavailable,
}

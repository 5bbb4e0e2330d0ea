namespace LoadBalancer.Upstreams;

/// <summary>Where the source of a hash is found.</summary>
public enum HashSourceType
{
    /// <summary>The client's address.</summary>
    ClientIp,

    /// <summary>The request's path in its canonical form.</summary>
    Path,

    /// <summary>A header field of the request.</summary>
    Header,

    /// <summary>A cookie of the request.</summary>
    Cookie,

    /// <summary>A claim of the caller's identity.</summary>
    Claim,
}

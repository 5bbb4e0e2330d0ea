namespace LoadBalancer.Http.Caching;

/// <summary>What a client has sent by which its endpoint could know it, and which the route has not said to be no matter.</summary>
[Flags]
internal enum Credentials : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>An Authorization, or a credential in another place.</summary>
    Authorization = 1,

    /// <summary>A cookie.</summary>
    Cookie = 2,
}

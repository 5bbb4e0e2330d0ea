namespace LoadBalancer.Limits;

/// <summary>Where a limit counts.</summary>
internal enum LimitMode
{
    /// <summary>In this process alone.</summary>
    Local,

    /// <summary>In the shared store, which is asked for each request.</summary>
    Exact,

    /// <summary>In the shared store, from which this process takes some ahead.</summary>
    Leased,
}

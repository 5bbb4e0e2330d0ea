namespace LoadBalancer.Http.Policies;

/// <summary>
/// When a policy is asked: in this order, whatever the order in the file. What costs little and needs no identity comes first. The head of a
/// response is seen in reverse.
/// </summary>
internal enum PolicyPhase
{
    /// <summary>Who may come, by address.</summary>
    Addresses,

    /// <summary>Answers to browsers that ask before they ask (CORS).</summary>
    CrossOrigin,

    /// <summary>Limits by address, header or route, for which nobody has to be known.</summary>
    ClientLimits,

    /// <summary>Who calls.</summary>
    Authentication,

    /// <summary>Whether the caller may.</summary>
    Authorization,

    /// <summary>Limits by caller or plan.</summary>
    CallerLimits,

    /// <summary>Whether the request is well formed.</summary>
    Validation,

    /// <summary>The fields that the client gets. Before the cache, so that they are made for each client, and of what is kept too.</summary>
    ResponseFields,

    /// <summary>The path and query that the endpoint gets.</summary>
    Rewriting,

    /// <summary>The fields that the endpoint gets.</summary>
    RequestFields,

    /// <summary>An answer from memory: to what the endpoint would be asked, which is known here.</summary>
    Cache,
}

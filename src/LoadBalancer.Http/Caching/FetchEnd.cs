namespace LoadBalancer.Http.Caching;

/// <summary>What becomes of an exchange that would ask for what another one asks for already.</summary>
internal enum FetchEnd : byte
{
    /// <summary>It waits.</summary>
    None,

    /// <summary>It asks, and others wait for what comes of that.</summary>
    Lead,

    /// <summary>It asks for itself: what it would wait for is not for others.</summary>
    Alone,

    /// <summary>The answer was kept, and is its answer too.</summary>
    Kept,

    /// <summary>It looks again: what there is now has a narrower key, or was kept meanwhile.</summary>
    Again,

    /// <summary>The endpoint has failed, and to ask it once more for everybody who waits would not help it.</summary>
    Failed,

    /// <summary>It has waited as long as its route lets it.</summary>
    Late,

    /// <summary>Its client is gone, or its time is over.</summary>
    GivenUp,
}

namespace LoadBalancer.Endpoints;

/// <summary>What happened to an endpoint.</summary>
public enum TransitionKind : byte
{
    /// <summary>Discovery found it.</summary>
    Added,

    /// <summary>Discovery finds it no longer.</summary>
    Removed,

    /// <summary>Its probes pass.</summary>
    Healthy,

    /// <summary>Its probes fail.</summary>
    Unhealthy,

    /// <summary>Watched traffic took it out for a time.</summary>
    Ejected,

    /// <summary>Its ejection is over.</summary>
    Returned,

    /// <summary>Watched traffic would have taken it out, but too few would have been left.</summary>
    Spared,

    /// <summary>An operator took it out: it gets nothing new, and what it has goes on.</summary>
    Drained,

    /// <summary>An operator gave it back to traffic.</summary>
    Enabled,
}

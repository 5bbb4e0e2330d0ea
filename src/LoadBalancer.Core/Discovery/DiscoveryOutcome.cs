namespace LoadBalancer.Discovery;

/// <summary>How one look of a discovery went. The words are those of /status and the metrics.</summary>
internal enum DiscoveryOutcome
{
    /// <summary>There is a whole set.</summary>
    Found,

    /// <summary>A part of the set is new, the rest could not be asked for and is the last good one.</summary>
    Partial,

    /// <summary>The answer was that there is nobody. The last good set stays.</summary>
    Empty,

    /// <summary>There was no answer. The last good set stays.</summary>
    Failed,
}

namespace LoadBalancer.Http.Explaining;

/// <summary>What becomes of a request in a <see cref="LimitReplay"/>.</summary>
internal enum ReplayOutcome
{
    /// <summary>Every limit lets it pass.</summary>
    Passed,

    /// <summary>A limit refuses it.</summary>
    Limited,

    /// <summary>Somebody else refuses it, before all limits were asked: for its address, its credential or what its caller may not.</summary>
    Refused,

    /// <summary>The limits that ask who calls were not asked: nobody was known, and the route wants somebody.</summary>
    Undecided,

    /// <summary>No route takes it.</summary>
    Unrouted,
}

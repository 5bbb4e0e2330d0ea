using System.Collections.Immutable;

namespace LoadBalancer.Discovery;

/// <summary>How a discovery has gone so far, for the operator. Immutable; times are of the wall clock.</summary>
/// <param name="Source">What is looked up, as in <c>dns orders.internal:8000</c>.</param>
internal sealed record DiscoveryStatus(string Source)
{
    private static readonly ImmutableArray<long> None = [.. new long[Enum.GetValues<DiscoveryOutcome>().Length]];

    /// <summary>How many endpoints are in the last good set.</summary>
    public int Endpoints { get; init; }

    /// <summary>How many more were found than are taken.</summary>
    public int LeftOut { get; init; }

    /// <summary>When something was found last; null where nothing ever was.</summary>
    public DateTimeOffset? LastSuccess { get; init; }

    /// <summary>Why the latest look that did not find a whole set did not; empty where every one did.</summary>
    public string LastError { get; init; } = "";

    /// <summary>When that was; null where it never was.</summary>
    public DateTimeOffset? LastErrorAt { get; init; }

    /// <summary>When it looks next; null while it looks, or before it runs.</summary>
    public DateTimeOffset? NextLookup { get; init; }

    /// <summary>Lookups by outcome, indexed by <see cref="DiscoveryOutcome"/>.</summary>
    public ImmutableArray<long> Lookups { get; init; } = None;

    /// <summary>Lookups that went like that.</summary>
    public long Count(DiscoveryOutcome outcome) => Lookups[(int)outcome];
}

using System.Collections.Immutable;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>A tier of limits at work. Immutable wiring, thread-safe.</summary>
internal sealed class Plan
{
    /// <summary>The plan of callers that have none, or one that the file does not know.</summary>
    public const string Default = "default";

    /// <summary>The plan of callers who are not known.</summary>
    public const string Anonymous = "anonymous";

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its place among the plans of the configuration: limits keep their tiers by it.</summary>
    public required int Index { get; init; }

    /// <summary>Its own rate and quotas, which count a caller's requests to all routes.</summary>
    public ImmutableArray<LimitTier> Tiers { get; init; } = [];

    /// <summary>How many requests of a caller may be under way; null for any number.</summary>
    public int? Concurrency { get; init; }

    /// <summary>How many there are, by caller. The same from one configuration to the next.</summary>
    public required ClientCounts UnderWay { get; init; }

    /// <summary>Where is counted what its concurrency has said; null where it has none.</summary>
    public LimitCounts? Counts { get; init; }

    /// <summary>What a caller's bodies keep to; null for nothing.</summary>
    public Bandwidth? Bandwidth { get; init; }

    /// <summary>True where it limits anything itself, but for bandwidth.</summary>
    public bool HasLimits => Tiers.Length > 0 || Concurrency is not null;
}

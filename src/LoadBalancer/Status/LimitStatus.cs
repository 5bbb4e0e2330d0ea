using System.Globalization;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Limits;
using LoadBalancer.SharedLimits;

namespace LoadBalancer.Daemon.Status;

/// <summary>A limit for the callers of one plan, and what it has said.</summary>
internal sealed record LimitStatus
{
    /// <summary>Its name in <c>rate_limits</c>; of a plan's own <c>plan:rate</c>, <c>plan:day</c>, <c>plan:month</c>, <c>plan:concurrency</c> or <c>plan:bandwidth</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The plan; empty where one rule is for all.</summary>
    public required string Plan { get; init; }

    /// <summary>Whom it counts, as the file says it.</summary>
    public required string Key { get; init; }

    /// <summary>How many, as the file says it.</summary>
    public required string Rule { get; init; }

    /// <summary>Where it counts: <c>local</c>, <c>exact</c> or <c>leased</c>.</summary>
    public required string Mode { get; init; }

    /// <summary>How many callers are remembered.</summary>
    public required long Callers { get; init; }

    /// <summary>Requests that were let pass without being counted, since their callers found no place beside others that are at their limit; null where that cannot be.</summary>
    public long? Pooled { get; init; }

    /// <summary>Requests that are under way, where those are what is limited; null elsewhere.</summary>
    public long? UnderWay { get; init; }

    /// <summary>What is leased, where it is; null elsewhere.</summary>
    public LeaseStatus? Leases { get; init; }

    /// <summary>What it has said, by outcome; nothing for a bandwidth, which refuses nobody.</summary>
    public required IReadOnlyDictionary<string, long> Outcomes { get; init; }

    /// <summary>The limits of a configuration as of now: those of <c>rate_limits</c>, then those of plans.</summary>
    public static IEnumerable<LimitStatus> Of(LimitSet limits) =>
        limits.Tiers.Select(Of).OrderBy(limit => limit.Name.StartsWith("plan:", StringComparison.Ordinal))
            .Concat(limits.Plans.Select(Of).OfType<LimitStatus>()).Concat(limits.Bandwidths.Select(Of));

    private static LimitStatus Of(LimitTier tier) => new()
    {
        Name = tier.Counts.Limit,
        Plan = tier.Counts.Plan,
        Key = tier.Key.Text,
        Rule = tier.Limit.Spec.Rule.ToString(),
        Mode = tier.Limit.Spec.Mode.ToString().ToLowerInvariant(),
        Callers = tier.Limit.Keys,
        Pooled = (tier.Limit as LocalLimit)?.Pooled,
        Leases = tier.Limit is LeasedLimit leased ? LeaseStatus.Of(leased) : null,
        Outcomes = OutcomesOf(tier.Counts),
    };

    private static LimitStatus? Of(Plan plan) => plan.Counts is not { } counts ? null : new LimitStatus
    {
        Name = counts.Limit,
        Plan = plan.Name,
        Key = "identity",
        Rule = string.Create(CultureInfo.InvariantCulture, $"{plan.Concurrency} at once"),
        Mode = "local",
        Callers = plan.UnderWay.Clients,
        UnderWay = plan.UnderWay.Open,
        Outcomes = OutcomesOf(counts),
    };

    private static LimitStatus Of(Bandwidth bandwidth) => new()
    {
        Name = bandwidth.Limit,
        Plan = bandwidth.Plan,
        Key = bandwidth.Key.Text,
        Rule = bandwidth.Text,
        Mode = "local",
        Callers = bandwidth.Callers,
        Outcomes = new Dictionary<string, long>(),
    };

    private static Dictionary<string, long> OutcomesOf(LimitCounts counts) => counts.Outcomes.ToDictionary(each => each.Outcome, each => each.Count);
}

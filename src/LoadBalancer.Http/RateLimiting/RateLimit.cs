using LoadBalancer.Configuration;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>An entry of <c>rate_limits</c> at work. Immutable wiring, thread-safe.</summary>
/// <param name="name">Its name.</param>
/// <param name="options">What the file says.</param>
/// <param name="tiers">What it is for the callers of each plan, by <see cref="Plan.Index"/>.</param>
internal sealed class RateLimit(string name, RateLimitOptions options, LimitTier[] tiers)
{
    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>True where it counts requests, and not only their bytes.</summary>
    public bool CountsRequests => tiers.Length > 0;

    /// <summary>What the bodies of its requests keep to; null for nothing.</summary>
    public Bandwidth? Bandwidth { get; init; }

    /// <summary>True where it can only be asked when it is known who calls.</summary>
    public bool NeedsIdentity { get; } = options.NeedsIdentity;

    /// <summary>Where it counts, for all plans.</summary>
    public LimitMode Mode { get; } = tiers.FirstOrDefault()?.Limit.Spec.Mode ?? LimitMode.Local;

    /// <summary>Whom it counts, as the file has it.</summary>
    public ValueList<LimitKeySource> Key => options.Key;

    /// <summary>What it is for the callers of a plan.</summary>
    public LimitTier Of(Plan plan) => tiers[plan.Index];
}

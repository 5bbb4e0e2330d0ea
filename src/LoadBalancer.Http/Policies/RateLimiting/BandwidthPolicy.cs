using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Policies.RateLimiting;

/// <summary>
/// How many bytes a second the bodies of an exchange may have, by the limits of its route and its caller's plan. It refuses nothing: what is more waits.
/// Where <c>rate_limit</c> is only watched, so that nobody notices, nothing waits. Immutable and thread-safe.
/// </summary>
internal sealed class BandwidthPolicy : HttpPolicy
{
    private readonly LimitSet _limits;
    private readonly Bandwidth[] _named;
    private readonly bool _hasPlans;
    private readonly bool _isShadow;

    private BandwidthPolicy(LimitSet limits, Bandwidth[] named, bool hasPlans, bool isShadow) =>
        (_limits, _named, _hasPlans, _isShadow) = (limits, named, hasPlans, isShadow);

    /// <inheritdoc/>
    public override string Key => "bandwidth";

    /// <summary>The policy of a route; null where no bandwidth is for it.</summary>
    // Rule zero: LINQ, because a chain is built once.
    public static BandwidthPolicy? Create(PolicyBuild build)
    {
        Bandwidth[] named = [.. build.Options.RateLimit.Distinct().Select(name => build.Limits.Find(name)?.Bandwidth).OfType<Bandwidth>()];
        var hasPlans = build.Options.Auth is not null && build.Limits.HasPlanBandwidths;
        return named.Length > 0 || hasPlans ? new BandwidthPolicy(build.Limits, named, hasPlans, build.Options.Shadow.Contains("rate_limit")) : null;
    }

    /// <inheritdoc/>
    public override ValueTask<PolicyOutcome> OnRequestAsync(Exchange exchange)
    {
        if (_isShadow)
        {
            return new(PolicyOutcome.Skipped("only_watched"));
        }

        var plan = _hasPlans ? _limits.Of(exchange.Identity).Bandwidth : null;
        if (_named.Length == 0 && plan is null)
        {
            return new(PolicyOutcome.Skipped("no_limit"));
        }

        foreach (var bandwidth in _named)
        {
            bandwidth.Apply(exchange, _limits.Hash);
        }

        plan?.Apply(exchange, _limits.Hash);
        return new(PolicyOutcome.Allowed);
    }
}

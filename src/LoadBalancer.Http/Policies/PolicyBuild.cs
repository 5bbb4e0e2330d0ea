using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.RateLimiting;

namespace LoadBalancer.Http.Policies;

/// <summary>What a policy is built from.</summary>
/// <param name="Options">What the file says.</param>
/// <param name="Captures">What the route's path captures, in its order.</param>
/// <param name="Previous">The route's chain so far, from which a policy adopts what it knows.</param>
/// <param name="Providers">Who can establish who calls, by name.</param>
/// <param name="Limits">The limits, by name.</param>
/// <param name="Context">The clock and seeds.</param>
internal sealed record PolicyBuild(RoutePolicyOptions Options, ValueList<string> Captures, PolicyChain Previous, ProviderSet Providers, LimitSet Limits, BuildContext Context)
{
    /// <summary>Where answers are kept; null where no route of the listener has <c>cache</c>.</summary>
    public CacheStore? Cache { get; init; }
}

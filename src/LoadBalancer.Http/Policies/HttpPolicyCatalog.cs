using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Policies.Authentication;
using LoadBalancer.Http.Policies.Authorization;
using LoadBalancer.Http.Policies.Cache;
using LoadBalancer.Http.Policies.Cors;
using LoadBalancer.Http.Policies.Headers;
using LoadBalancer.Http.Policies.IpAllowList;
using LoadBalancer.Http.Policies.RateLimiting;
using LoadBalancer.Http.Policies.Rewrite;
using LoadBalancer.Http.RateLimiting;

namespace LoadBalancer.Http.Policies;

/// <summary>Every policy of routes, in the order in which each request meets them, whatever the order in the file. A new policy is a folder and a line here.</summary>
internal static class HttpPolicyCatalog
{
    /// <summary>The lines: the phases never go back. Each gives its policy, or null where the options do not ask for it.</summary>
    internal static readonly (PolicyPhase Phase, Func<PolicyBuild, HttpPolicy?> Create)[] InOrder =
    [
        (PolicyPhase.Addresses, IpAllowListPolicy.Create),
        (PolicyPhase.CrossOrigin, CorsPolicy.Create),
        (PolicyPhase.ClientLimits, RateLimitPolicy.CreateForClients),
        (PolicyPhase.Authentication, AuthenticationPolicy.Create),
        (PolicyPhase.Authorization, AuthorizationPolicy.Create),
        (PolicyPhase.CallerLimits, RateLimitPolicy.CreateForCallers),
        (PolicyPhase.CallerLimits, BandwidthPolicy.Create),
        (PolicyPhase.ResponseFields, ResponseHeadersPolicy.Create),
        (PolicyPhase.Rewriting, RewritePolicy.Create),
        (PolicyPhase.RequestFields, RequestHeadersPolicy.Create),
        (PolicyPhase.Cache, CachePolicy.Create),
    ];

    /// <summary>The chain of a route.</summary>
    /// <param name="options">What the file says.</param>
    /// <param name="captures">What the route's path captures, in its order.</param>
    /// <param name="previous">The route's chain so far, from which a policy adopts what it knows; null for none.</param>
    /// <param name="context">The clock and seeds.</param>
    /// <param name="all">Who can establish who calls, by name; null for nobody.</param>
    /// <param name="limits">The limits, by name; null for none.</param>
    /// <param name="cache">Where answers are kept; null where no route of the listener has <c>cache</c>.</param>
    public static PolicyChain Build(RoutePolicyOptions options, ValueList<string> captures, PolicyChain? previous, BuildContext context, ProviderSet? all = null, LimitSet? limits = null, CacheStore? cache = null)
    {
        previous ??= PolicyChain.Empty;
        all ??= ProviderSet.Empty;
        limits ??= LimitSet.Empty;
        ValueList<IdentityProvider> providers = options.Auth is null ? [] : [.. options.Auth.Names.Select(all.Find).OfType<IdentityProvider>()];
        if (previous.Options == options && previous.Captures.Equals(captures) && previous.Providers.Equals(providers) && previous.Limits == limits && previous.Cache == cache
            && (options.Auth is null || previous.Failures == all.Failures))
        {
            return previous;
        }

        return ChainOf(new PolicyBuild(options, captures, previous, all, limits, context) { Cache = cache }, providers);
    }

    // Rule zero: LINQ, because this runs once for a route that has changed.
    private static PolicyChain ChainOf(PolicyBuild build, ValueList<IdentityProvider> providers)
    {
        var policies = InOrder.Select(line => line.Create(build)).OfType<HttpPolicy>();
        return new PolicyChain(build.Options, build.Captures, [.. policies.Select(policy => new PolicyStep(policy, build.Options.Shadow.Contains(policy.Key)))])
        {
            Providers = providers,
            Failures = build.Providers.Failures,
            Limits = build.Limits,
            Cache = build.Cache,
        };
    }
}

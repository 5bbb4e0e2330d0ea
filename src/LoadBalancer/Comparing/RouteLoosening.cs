using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Policies.Authorization;
using LoadBalancer.Http.Policies.Cors;
using LoadBalancer.Http.Routing;

namespace LoadBalancer.Daemon.Comparing;

/// <summary>Whether what a route's policies say now lets more through than what they said before.</summary>
internal static class RouteLoosening
{
    /// <summary>True where a caller has to be known.</summary>
    public static bool IsGuarded(RoutePolicyOptions policies) => policies.Auth is { Optional: false } && !policies.Shadow.Contains("auth");

    /// <summary>Why it does; null where it does not.</summary>
    /// <param name="key">The key that has changed, such as <c>auth.any</c>.</param>
    /// <param name="before">The route that requests had before.</param>
    /// <param name="after">The route that they have now.</param>
    /// <param name="limitBefore">The listener's bound of bodies before, in bytes.</param>
    /// <param name="limitAfter">The same now.</param>
    public static string? Of(string key, RouteOptions before, RouteOptions after, long limitBefore, long limitAfter)
    {
        var (was, now) = (before.Policies, after.Policies);
        var dot = key.IndexOf('.', StringComparison.Ordinal);
        return (dot < 0 ? key : key[..dot]) switch
        {
            "auth" => OfAuth(was, now),
            "require" => IsLess(was.Require, now.Require) ? "less is required of callers" : null,
            "cors" => IsMore(was.Cors, now.Cors) ? "more pages may use it in browsers" : null,
            "allow_ips" => OptionLoosening.AllowsMore(was.AllowIps, now.AllowIps) ? "more addresses may call" : null,
            "deny_ips" => OptionLoosening.DeniesLess(was.DenyIps, now.DenyIps) ? "addresses may call that were denied" : null,
            "rate_limit" => was.RateLimit.Except(now.RateLimit).Any() ? "a limit is taken away" : null,
            "cost" => now.Cost < was.Cost ? "requests count for less" : null,
            "shadow" => now.Shadow.Except(was.Shadow).Any() ? "a policy is only watched" : null,
            "on_error" => now.OnError.Any(page => page.Value.Upstream is { } name && was.OnError.GetValueOrDefault(page.Key)?.Upstream != name) ? "an error leads to an upstream" : null,
            "limits" => (after.Limits.Body ?? limitAfter) > (before.Limits.Body ?? limitBefore) ? "bodies may be larger" : null,
            _ => null,
        };
    }

    private static string? OfAuth(RoutePolicyOptions was, RoutePolicyOptions now) =>
        was.Auth is null ? null
        : now.Auth is null ? "auth removed: nobody has to be known any more"
        : IsGuarded(was) && !IsGuarded(now) ? "nobody has to be known any more"
        : was.Auth.All.Count > 0 && was.Auth.All.Except(now.Auth.All).Any() ? "fewer identities are asked for"
        : was.Auth.Any.Count > 0 && now.Auth.Any.Except(was.Auth.Any).Any() ? "there is another way in"
        : was.Auth.CloseAtExpiry && !now.Auth.CloseAtExpiry ? "a WebSocket lasts longer than its identity"
        : null;

    private static bool IsLess(RequireOptions? was, RequireOptions? now) =>
        was is not null
        && (now is null
            || (was.Roles.Count > 0 && (now.Roles.Count == 0 || now.Roles.Except(was.Roles).Any()))
            || was.Scopes.Except(now.Scopes).Any()
            || was.Claims.Any(claim => !now.Claims.TryGetValue(claim.Key, out var values) || values.Except(claim.Value).Any()));

    private static bool IsMore(CorsOptions? was, CorsOptions? now) =>
        now is not null && (was is null || now.Origins.Except(was.Origins).Any() || (now.Credentials && !was.Credentials) || now.Methods.Except(was.Methods).Any() || now.Headers.Except(was.Headers).Any() || now.Expose.Except(was.Expose).Any());
}

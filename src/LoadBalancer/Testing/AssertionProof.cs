using LoadBalancer.Daemon.Explaining;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Daemon.Testing;

/// <summary>
/// Proves an assertion: each request is some route's, so what every route with the place has before it holds for every request. What is found
/// otherwise is shown by a request that one could send.
/// </summary>
internal static class AssertionProof
{
    /// <summary>What a policy refuses with by the client's fault: there the stand-in answers somebody whom a policy has refused. For other errors it answers only whom all have let pass.</summary>
    private const char OfClients = '4';

    private static readonly string[] OfTheKnown = ["auth", "require", "rate_limit"];

    /// <summary>What is otherwise, a sentence each; empty where it holds.</summary>
    public static IReadOnlyList<string> Violations(TestAssertOptions assertion, OfflineGateway gateway)
    {
        var found = new List<string>();
        if (assertion.Upstream is { } upstream && !gateway.Options.Upstreams.ContainsKey(upstream))
        {
            return [$"no upstream is called '{upstream}'"];
        }

        if (assertion.Listener is { } listener && !gateway.Options.Listeners.ContainsKey(listener))
        {
            return [$"no listener is called '{listener}'"];
        }

        var isMet = false;
        foreach (var (name, proxy) in gateway.Proxies.Where(proxy => assertion.Listener is null || proxy.Key == assertion.Listener))
        {
            foreach (var route in proxy.Routes.Routes.Where(route => IsMeant(assertion, route.Options)))
            {
                isMet = true;
                AddRoute(assertion, gateway, name, proxy, route, found);
            }
        }

        foreach (var (name, options) in gateway.Options.Listeners.Where(each => each.Value.Tcp is not null && (assertion.Path is null || assertion.Upstream is not null) && (assertion.Listener is null || each.Key == assertion.Listener)))
        {
            if (assertion.Upstream is null ? assertion.Listener is not null : options.Upstreams.Contains(assertion.Upstream))
            {
                isMet = true;
                var lacking = assertion.Requires.Where(word => word == "tls" ? options.Tls is null : word != "allow_ips" || options.ConnectionPolicies.AllowIps.Count == 0).ToList();
                if (lacking.Count > 0)
                {
                    found.Add($"the tcp listener '{name}' leads there without {string.Join(" and ", lacking)}");
                }
            }
        }

        // A name that was mistaken, or a place that is gone: the assertion would hold for ever.
        return isMet ? found : ["nothing leads there, so that nothing is proved"];
    }

    private static bool IsMeant(TestAssertOptions assertion, RouteOptions route) =>
        (assertion.Upstream is null || route.Upstreams.Contains(assertion.Upstream))
        && (assertion.Path is null || route.Pattern.Overlaps(new RouteOptions { Path = assertion.Path }.Pattern));

    private static void AddRoute(TestAssertOptions assertion, OfflineGateway gateway, string listener, HttpProxy proxy, Route route, List<string> found)
    {
        if (IsNeverReached(assertion, proxy, route))
        {
            return;
        }

        var lacking = assertion.Requires.Where(word => word == "tls" ? proxy.Tls is null : !Acts(word, route)).ToList();
        if (assertion.Path is null && !gateway.Options.Listeners[listener].Http!.AllRoutes.Contains(route.Options))
        {
            // What lb itself answers of logins: nobody can be known there yet. Who may come, holds there too.
            lacking.RemoveAll(OfTheKnown.Contains);
        }

        if (lacking.Count > 0)
        {
            found.Add($"{Example(assertion, gateway, listener, route)}: the route '{route.Name}' of '{listener}' has no {string.Join(" and no ", lacking.Select(word => Because(word, route)))}");
        }

        foreach (var page in route.Options.Policies.OnError.Where(page => page.Value.Upstream is { } name && (assertion.Upstream is null || name == assertion.Upstream) && page.Key[0] == OfClients))
        {
            // Where it is the route's own place too, policies let pass whoever comes by that way, and this is another.
            var passed = assertion.Requires.Where(word => word != "tls").ToList();
            if (passed.Count > 0)
            {
                found.Add($"{Example(assertion, gateway, listener, route)}: the route '{route.Name}' of '{listener}' has on_error {page.Key} lead there, which answers also whom {string.Join(" and ", passed)} have refused");
            }
        }
    }

    /// <summary>True where others take all that the assertion is about before this route, as they do beside a route for whatever is left.</summary>
    private static bool IsNeverReached(TestAssertOptions assertion, HttpProxy proxy, Route route)
    {
        if (assertion.Path is null)
        {
            return false;
        }

        var meant = new RouteOptions { Path = assertion.Path }.Pattern;
        var routes = RouteMatch.Of(proxy.Routes.Routes.Select(each => each.Options));
        var own = RouteMatch.Of([route.Options])[0];
        var left = own.Predicate.Methods;
        foreach (var other in routes.Where(other => other.Host == own.Host && other.CompareTo(own) < 0 && other.Path.Covers(meant) && other.Predicate.FollowsFrom(own.Predicate)))
        {
            left = left.Without(other.Predicate.Methods);
        }

        return left.IsEmpty;
    }

    private static bool Acts(string word, Route route)
    {
        if (word == "auth" && route.Options.Policies.Auth is { Optional: true })
        {
            return false;
        }

        if (word == "allow_ips" && (route.Options.Policies.AllowIps.Count == 0 || route.Options.Policies.AllowIps.Any(network => network.PrefixLength == 0)))
        {
            return false;
        }

        if (word == "require" && route.Options.Policies.Require is { Roles.Count: 0, Scopes.Count: 0, Claims.Count: 0 })
        {
            return false;
        }

        if (word == "rate_limit" && route.Options.Policies.RateLimit.Count == 0)
        {
            // The limits of plans are not for those without one.
            return false;
        }

        foreach (var step in route.Policies.Steps)
        {
            if (step.Policy.Key == word && !step.IsShadow)
            {
                return true;
            }
        }

        return false;
    }

    private static string Because(string word, Route route) =>
        route.Options.Policies.Shadow.Contains(word) ? $"{word} (it is in its shadow)" : word == "auth" && route.Options.Policies.Auth is not null ? "auth (it is optional)" : word;

    private static string Example(TestAssertOptions assertion, OfflineGateway gateway, string listener, Route route) =>
        RouteExamples.Of(route.Options, new RouteOptions { Path = assertion.Path }).FirstOrDefault(example => gateway.RouteOf(listener, example) == route) is { } example
            ? example.ToString()
            : $"requests for {route.Options.Host}{route.Options.Path ?? route.Options.PathRegex ?? "/*"}";
}

using LoadBalancer.Configuration;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Telemetry;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>A route as the guard sees it: where it counts, and whom it lets in.</summary>
/// <param name="Listener">The listener's name.</param>
/// <param name="Metrics">Where it counts; the same object under every configuration that has the listener and the route's name.</param>
/// <param name="Admission">What decides which requests it takes and lets in, of every route of that name; equal by value.</param>
internal sealed record GuardedRoute(string Listener, RouteMetrics Metrics, ValueList<RouteOptions> Admission)
{
    /// <summary>The routes of a configuration, each name of a listener once.</summary>
    public static IReadOnlyList<GuardedRoute> Of(Snapshot snapshot) =>
    [
        .. from listener in snapshot.Listeners.Values
           let proxy = listener.Handler as HttpProxy
           where proxy is not null
           from route in proxy.Routes.Routes.Where(route => route.Metrics is not null).GroupBy(route => route.Metrics!)
           select new GuardedRoute(listener.Name, route.Key, [.. route.Select(each => AdmissionOf(each.Options))]),
    ];

    // What is left of a route without where it leads and what it does on the way.
    private static RouteOptions AdmissionOf(RouteOptions options) => new()
    {
        Host = options.Host,
        Path = options.Path,
        PathRegex = options.PathRegex,
        Methods = options.Methods,
        Headers = options.Headers,
        Query = options.Query,
        Priority = options.Priority,
        Policies = new RoutePolicyOptions { AllowIps = options.Policies.AllowIps, DenyIps = options.Policies.DenyIps },
    };
}

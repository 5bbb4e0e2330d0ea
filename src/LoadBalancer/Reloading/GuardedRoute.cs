using LoadBalancer.Http.Server;
using LoadBalancer.Http.Telemetry;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>A route as the guard sees it: where it counts, and whom it lets in.</summary>
/// <param name="Listener">The listener's name.</param>
/// <param name="Metrics">Where it counts; the same object under every configuration that has the listener and the route's name.</param>
/// <param name="Admission">What decides which requests it takes and lets in.</param>
internal sealed record GuardedRoute(string Listener, RouteMetrics Metrics, RouteAdmission Admission)
{
    /// <summary>The routes of the configuration that runs, each name of a listener once. Of one that ran before they are not to be had: its listeners have the routes of the one that runs.</summary>
    public static IReadOnlyList<GuardedRoute> Of(Snapshot snapshot) =>
    [
        .. from listener in snapshot.Listeners.Values
           let proxy = listener.Handler as HttpProxy
           where proxy is not null
           from routes in proxy.Routes.Routes.Where(route => route.Metrics is not null).GroupBy(route => route.Metrics!)
           select new GuardedRoute(
               listener.Name, routes.Key,
               RouteAdmission.Of(routes.Select(route => route.Options), snapshot.Options, snapshot.Options.Listeners.GetValueOrDefault(listener.Name)?.Tls?.ClientCertificates)),
    ];
}

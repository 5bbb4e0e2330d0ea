using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Server;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Routing;

/// <summary>
/// The routes of a listener that runs, for those that take their places: a route follows the one that takes the very same requests, whatever either is called. Each is
/// followed once at most. For one build.
/// </summary>
/// <param name="running">What the listener does; null for nothing.</param>
internal sealed class RoutePredecessors(HttpProxy? running)
{
    private static readonly RouteLimits NoLimits = new();
    private static readonly RoutePolicyOptions NoPolicies = new();

    private readonly Dictionary<RouteOptions, Queue<Route>> _byMatch = (running?.Routes.Routes ?? []).GroupBy(route => MatchOf(route.Options)).ToDictionary(same => same.Key, same => new Queue<Route>(same));

    /// <summary>The route that <paramref name="options"/> follow; null for none.</summary>
    public Route? Take(RouteOptions options) => _byMatch.TryGetValue(MatchOf(options), out var routes) && routes.TryDequeue(out var route) ? route : null;

    /// <summary>True where a route says the same as <paramref name="options"/>, and leads to upstreams that say the same.</summary>
    public bool LeadsAs(Route route, RouteOptions options, IReadOnlyDictionary<string, Upstream> upstreams) =>
        route.Options == options && options.Upstreams.All(name => running!.Upstreams.TryGetValue(name, out var before) && before.Options == upstreams[name].Options);

    // What is left of the options says which requests.
    private static RouteOptions MatchOf(RouteOptions options) => options with
    {
        Name = null,
        Upstream = null,
        Split = null,
        Redirect = null,
        Respond = null,
        Mirror = null,
        Limits = NoLimits,
        Policies = NoPolicies,
    };
}

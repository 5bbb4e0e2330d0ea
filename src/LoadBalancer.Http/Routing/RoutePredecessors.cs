using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Server;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Routing;

/// <summary>
/// The routes of a listener that runs, for those that take their places: a route follows the one that takes the very same requests, whatever either is called. Each is
/// followed once at most. For one build.
/// </summary>
/// <param name="running">What the listener does; null for nothing.</param>
/// <param name="next">The routes that take their places.</param>
/// <param name="upstreams">The upstreams that these lead to, by name.</param>
internal sealed class RoutePredecessors(HttpProxy? running, IReadOnlyCollection<RouteOptions> next, IReadOnlyDictionary<string, Upstream> upstreams)
{
    private static readonly RouteLimits NoLimits = new();
    private static readonly RoutePolicyOptions NoPolicies = new();

    // Most routes are the very options that ran before: of those nothing has to be compared.
    private readonly Dictionary<RouteOptions, Route> _same = SameOf(running);
    private readonly HashSet<string> _others = [.. upstreams.Where(entry => running?.Upstreams.GetValueOrDefault(entry.Key) != entry.Value).Select(entry => entry.Key)];

    private Dictionary<RouteOptions, Queue<Route>> ByMatch => field ??= OthersByMatch();

    /// <summary>The route that <paramref name="options"/> follow; null for none.</summary>
    public Route? Take(RouteOptions options) =>
        _same.TryGetValue(options, out var same) ? same
        : _same.Count > 0 && ByMatch.TryGetValue(MatchOf(options), out var routes) && routes.TryDequeue(out var route) ? route
        : null;

    /// <summary>True where a route says the same as <paramref name="options"/>, and leads to upstreams that say the same.</summary>
    public bool LeadsAs(Route route, RouteOptions options) =>
        route.Options == options && options.Upstreams.All(name => running!.Upstreams.TryGetValue(name, out var before) && before.Options == upstreams[name].Options);

    /// <summary>True where a route says the same as <paramref name="options"/>, and leads to the very same upstreams: it may go on as it is.</summary>
    public bool GoesOn(Route route, RouteOptions options) => !route.IsOwn && route.Options == options && (_others.Count == 0 || !options.Upstreams.Any(_others.Contains));

    private static Dictionary<RouteOptions, Route> SameOf(HttpProxy? running)
    {
        var routes = running?.Routes.Routes ?? [];
        var same = new Dictionary<RouteOptions, Route>(routes.Count, ReferenceEqualityComparer.Instance);
        foreach (var route in routes)
        {
            same.TryAdd(route.Options, route);
        }

        return same;
    }

    private Dictionary<RouteOptions, Queue<Route>> OthersByMatch()
    {
        var gone = new HashSet<Route>(running?.Routes.Routes ?? []);
        foreach (var options in next)
        {
            if (_same.TryGetValue(options, out var kept))
            {
                gone.Remove(kept);
            }
        }

        return gone.GroupBy(route => MatchOf(route.Options)).ToDictionary(same => same.Key, same => new Queue<Route>(same));
    }

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

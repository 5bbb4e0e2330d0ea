using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Server;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Routing;

/// <summary>
/// The routes of a listener that runs, for those that take their places: a route follows the one that takes the very same requests, whatever either is called. Each is
/// followed once at most. For one build.
/// </summary>
internal sealed class RoutePredecessors
{
    private static readonly RouteLimits NoLimits = new();
    private static readonly RoutePolicyOptions NoPolicies = new();

    private readonly HttpProxy? _running;
    private readonly IReadOnlyList<RouteOptions> _next;
    private readonly IReadOnlyDictionary<string, Upstream> _upstreams;
    private readonly HashSet<string> _others;

    // Most routes are the very options that ran before, and stand in the same order: so many at the beginning, and so many at the end, in front of those that lb has added.
    // Of these nothing has to be looked for; what lies between is found by its options.
    private readonly IReadOnlyList<Route> _before;
    private readonly int _first;
    private readonly int _last;
    private readonly int _own;
    private int _taken;

    /// <summary>Those of a listener.</summary>
    /// <param name="running">What the listener does; null for nothing.</param>
    /// <param name="next">The routes of the file that take their places.</param>
    /// <param name="upstreams">The upstreams that these lead to, by name.</param>
    public RoutePredecessors(HttpProxy? running, IReadOnlyList<RouteOptions> next, IReadOnlyDictionary<string, Upstream> upstreams)
    {
        (_running, _next, _upstreams) = (running, next, upstreams);
        _others = [.. upstreams.Where(entry => running?.Upstreams.GetValueOrDefault(entry.Key) != entry.Value).Select(entry => entry.Key)];
        _before = running?.Routes.Routes ?? [];
        while (_own < _before.Count && _before[^(_own + 1)].IsOwn)
        {
            _own++;
        }

        var most = Math.Min(_before.Count - _own, next.Count);
        while (_first < most && ReferenceEquals(_before[_first].Options, next[_first]))
        {
            _first++;
        }

        // The last one of a file is read anew each time, and its route goes on all the same.
        while (_last < most - _first && _before[^(_own + _last + 1)].Options is var last && (ReferenceEquals(last, next[^(_last + 1)]) || (_last == 0 && last == next[^1])))
        {
            _last++;
        }
    }

    private Dictionary<RouteOptions, Route> Same => field ??= SameOf();

    private Dictionary<RouteOptions, Queue<Route>> ByMatch => field ??= OthersByMatch();

    /// <summary>The route that <paramref name="options"/> follow; null for none. To be asked for the routes of the file in their order, and then for those that lb adds.</summary>
    public Route? Take(RouteOptions options)
    {
        var at = _taken++;
        return at < _first ? _before[at]
            : at < _next.Count && at >= _next.Count - _last ? _before[^(_own + _next.Count - at)]
            : Same.TryGetValue(options, out var same) ? same
            : _before.Count > 0 && ByMatch.TryGetValue(MatchOf(options), out var routes) && routes.TryDequeue(out var route) ? route
            : null;
    }

    /// <summary>True where a route says the same as <paramref name="options"/>, and leads to upstreams that say the same.</summary>
    public bool LeadsAs(Route route, RouteOptions options) =>
        route.Options == options && options.Upstreams.All(name => _running!.Upstreams.TryGetValue(name, out var before) && before.Options == _upstreams[name].Options);

    /// <summary>True where a route says the same as <paramref name="options"/>, and leads to the very same upstreams: it may go on as it is.</summary>
    public bool GoesOn(Route route, RouteOptions options) => !route.IsOwn && route.Options == options && (_others.Count == 0 || !options.Upstreams.Any(_others.Contains));

    // Those of which the place does not tell it.
    private IEnumerable<Route> Between() => _before.Take(_before.Count - _own - _last).Skip(_first).Concat(_before.Skip(_before.Count - _own));

    private Dictionary<RouteOptions, Route> SameOf()
    {
        var same = new Dictionary<RouteOptions, Route>(ReferenceEqualityComparer.Instance);
        foreach (var route in Between())
        {
            same.TryAdd(route.Options, route);
        }

        return same;
    }

    private Dictionary<RouteOptions, Queue<Route>> OthersByMatch()
    {
        var gone = new HashSet<Route>(Between());
        foreach (var options in _next.Take(_next.Count - _last).Skip(_first))
        {
            if (Same.TryGetValue(options, out var kept))
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

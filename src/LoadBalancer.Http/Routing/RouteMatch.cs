using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Routing;

/// <summary>What a route matches, parsed, and its rank among the routes of its host. Immutable, thread-safe.</summary>
internal sealed class RouteMatch
{
    private RouteMatch(RouteOptions options, int index, Route? route = null)
    {
        (Host, Path, Predicate, Priority, Index, Route) = (options.Host, options.Pattern, RequestPredicate.Of(options), options.Priority, index, route);
        Captures = Path.Captures.Count > 0;
    }

    /// <summary>The host in lower case, exact or <c>*.</c> before a suffix; null for every host.</summary>
    public string? Host { get; }

    /// <summary>The paths.</summary>
    public PathPattern Path { get; }

    /// <summary>True where the path captures segments; asked for each request, so that it need not look into <see cref="Path"/>.</summary>
    public bool Captures { get; }

    /// <summary>The further conditions.</summary>
    public RequestPredicate Predicate { get; }

    /// <summary>Between routes of one rank the higher number wins.</summary>
    public int Priority { get; }

    /// <summary>The route's place in the list.</summary>
    public int Index { get; }

    /// <summary>The route; null where it is only looked at whether routes are in each other's way.</summary>
    public Route? Route { get; }

    /// <summary>What each of some routes matches, in their order.</summary>
    public static RouteMatch[] Of(IReadOnlyList<Route> routes) => [.. routes.Select((route, index) => new RouteMatch(route.Options, index, route))];

    /// <summary>As above, of routes that are not made yet.</summary>
    public static RouteMatch[] Of(IEnumerable<RouteOptions> routes) => [.. routes.Select((route, index) => new RouteMatch(route, index))];

    /// <summary>What a route matches by host and path alone, whatever its conditions.</summary>
    public static RouteMatch OfPath(RouteOptions route) =>
        new(route with { Methods = [], Headers = ValueMap<string>.Empty, Query = ValueMap<string>.Empty }, 0);

    /// <summary>Below 0 where this is tried before the other: the narrower path (<see cref="PathPattern.CompareRank"/>), more conditions, the higher priority.</summary>
    public int CompareTo(RouteMatch other) =>
        Path.CompareRank(other.Path) is var path and not 0 ? path
        : other.Predicate.Count.CompareTo(Predicate.Count) is var conditions and not 0 ? conditions
        : other.Priority.CompareTo(Priority);
}

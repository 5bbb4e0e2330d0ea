namespace LoadBalancer.Http.Routing;

/// <summary>What a route matches, and its rank among the routes of its host. Immutable, thread-safe.</summary>
/// <param name="options">What the file says of the route.</param>
/// <param name="predicate">Its further conditions.</param>
/// <param name="index">The route's place in the list.</param>
internal readonly struct RouteMatch(RouteOptions options, RequestPredicate predicate, int index)
{
    /// <summary>The host in lower case, exact or <c>*.</c> before a suffix; null for every host.</summary>
    public string? Host => options.Host;

    /// <summary>The paths.</summary>
    public PathPattern Path { get; } = options.Pattern;

    /// <summary>The further conditions.</summary>
    public RequestPredicate Predicate => predicate;

    /// <summary>Between routes of one rank the higher number wins.</summary>
    public int Priority => options.Priority;

    /// <summary>The route's place in the list.</summary>
    public int Index => index;

    /// <summary>What each of some routes matches, in their order.</summary>
    public static RouteMatch[] Of(IEnumerable<RouteOptions> routes) => [.. routes.Select((route, index) => new RouteMatch(route, RequestPredicate.Of(route), index))];

    /// <summary>Below 0 where this is tried before the other: the narrower path (<see cref="PathPattern.CompareRank"/>), more conditions, the higher priority.</summary>
    public int CompareTo(in RouteMatch other) =>
        Path.CompareRank(other.Path) is var path and not 0 ? path
        : other.Predicate.Count.CompareTo(Predicate.Count) is var conditions and not 0 ? conditions
        : other.Priority.CompareTo(Priority);
}

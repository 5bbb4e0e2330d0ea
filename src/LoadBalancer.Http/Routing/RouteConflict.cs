namespace LoadBalancer.Http.Routing;

/// <summary>Two routes that cannot stand beside each other. Places in their list.</summary>
/// <param name="Route">The route that the error is about.</param>
/// <param name="Other">The one that it conflicts with, -1 where there are too many to name one.</param>
/// <param name="Kind">Why.</param>
internal readonly record struct RouteConflict(int Route, int Other, RouteConflictKind Kind);

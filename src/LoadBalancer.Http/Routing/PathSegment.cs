namespace LoadBalancer.Http.Routing;

/// <summary>One segment of a <see cref="PathPattern"/>.</summary>
/// <param name="Literal">What it has to be, in canonical form, for a captured one its name.</param>
/// <param name="IsCaptured">True where it may be any text but the empty one.</param>
internal readonly record struct PathSegment(string Literal, bool IsCaptured);

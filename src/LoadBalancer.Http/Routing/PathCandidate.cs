namespace LoadBalancer.Http.Routing;

/// <summary>A route whose path fits; in a <see cref="PathTrie"/> those of one place are one behind the other, the one that is tried first in front.</summary>
/// <param name="Route">The route.</param>
/// <param name="Predicate">Its further conditions; null where it has none and takes every request.</param>
/// <param name="Captures">True where its path captures segments.</param>
/// <param name="EndsGroup">True for the last one of a rank: the best of a rank is taken, or the method is refused.</param>
/// <param name="EndsAll">True for the last one of the place.</param>
internal readonly record struct PathCandidate(Route Route, RequestPredicate? Predicate, bool Captures, bool EndsGroup, bool EndsAll);

namespace LoadBalancer.Http.Routing;

/// <summary>Why two routes cannot stand beside each other.</summary>
internal enum RouteConflictKind
{
    /// <summary>A request may be meant by both, and nothing says which of them wins.</summary>
    Tie,

    /// <summary>Both have a regular expression, and nothing says which is tried first.</summary>
    RegexTie,

    /// <summary>Every request that it means is taken by others that win.</summary>
    Unreachable,

    /// <summary>The templates of its host overlap in more ways than a <see cref="PathTrie"/> can hold.</summary>
    TooManyOverlaps,
}

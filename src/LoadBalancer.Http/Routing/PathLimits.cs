namespace LoadBalancer.Http.Routing;

/// <summary>Bounds of paths, for arrays that are made once.</summary>
internal static class PathLimits
{
    /// <summary>How many segments of a template may be captured.</summary>
    public const int MostCaptures = 16;

    /// <summary>How many segments a path in the file may have.</summary>
    public const int MostSegments = 64;

    /// <summary>How many states a <see cref="PathTrie"/> may have: only templates that overlap in very many ways need more.</summary>
    public const int MostStates = 100_000;
}

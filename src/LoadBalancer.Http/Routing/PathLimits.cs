namespace LoadBalancer.Http.Routing;

/// <summary>Bounds of paths, for arrays that are made once.</summary>
internal static class PathLimits
{
    /// <summary>How many segments of a template may be captured.</summary>
    public const int MostCaptures = 16;
}

namespace LoadBalancer.Telemetry;

/// <summary>A <see cref="LatencyHistogram"/> at one moment.</summary>
/// <param name="Bounds">The bounds of its buckets.</param>
/// <param name="Cumulative">How many values were at most each of <paramref name="Bounds"/>, and last the count of all: never falling.</param>
/// <param name="Sum">All values added up.</param>
public sealed record LatencySnapshot(LatencyBounds Bounds, IReadOnlyList<long> Cumulative, TimeSpan Sum)
{
    /// <summary>How many values were recorded.</summary>
    public long Count => Cumulative[^1];
}

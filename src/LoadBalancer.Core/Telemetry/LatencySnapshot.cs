namespace LoadBalancer.Telemetry;

/// <summary>A <see cref="LatencyHistogram"/> at one moment.</summary>
/// <param name="Bounds">The bounds of its buckets.</param>
/// <param name="Cumulative">How many values were at most each of <paramref name="Bounds"/>, and last the count of all: never falling.</param>
/// <param name="Sum">All values added up.</param>
public sealed record LatencySnapshot(LatencyBounds Bounds, IReadOnlyList<long> Cumulative, TimeSpan Sum)
{
    /// <summary>How many values were recorded.</summary>
    public long Count => Cumulative[^1];

    /// <summary>
    /// About the value that this part of all is at most, as if values lay evenly in their bucket (Prometheus' histogram_quantile); above the last bound,
    /// that bound. Null where nothing was recorded.
    /// </summary>
    /// <param name="part">Above 0, up to 1: 0.99 is the 99th percentile.</param>
    public TimeSpan? Quantile(double part)
    {
        if (Count == 0)
        {
            return null;
        }

        var rank = part * Count;
        var bucket = 0;
        while (bucket < Bounds.Count && Cumulative[bucket] < rank)
        {
            bucket++;
        }

        if (bucket == Bounds.Count)
        {
            return Bounds[bucket - 1];
        }

        var (from, before) = bucket == 0 ? (TimeSpan.Zero, 0) : (Bounds[bucket - 1], Cumulative[bucket - 1]);
        return from + ((Bounds[bucket] - from) * ((rank - before) / (Cumulative[bucket] - before)));
    }
}

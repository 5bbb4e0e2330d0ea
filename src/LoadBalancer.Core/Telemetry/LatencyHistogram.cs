namespace LoadBalancer.Telemetry;

/// <summary>How long something took, counted in the buckets of its <see cref="LatencyBounds"/>.</summary>
/// <remarks>Recording takes no lock: a stripe per loop with that loop as its only writer, see <see cref="StripedCells"/>.</remarks>
public sealed class LatencyHistogram(int loops, LatencyBounds bounds)
{
    // One slot per bound, one for what is longer than all of them, and the sum of ticks.
    private readonly StripedCells _cells = new(loops, bounds.Count + 2);

    /// <summary>The bounds of its buckets.</summary>
    public LatencyBounds Bounds => bounds;

    /// <summary>Counts one duration; only on the thread of <paramref name="loop"/>. A negative one counts as zero.</summary>
    public void Record(int loop, TimeSpan duration)
    {
        var ticks = Math.Max(0, duration.Ticks);
        _cells.Add(loop, bounds.BucketOf(ticks));
        _cells.Add(loop, bounds.Count + 1, ticks);
    }

    /// <summary>The counts as of now. They agree with each other; the sum may lack or lead a record that is being made.</summary>
    public LatencySnapshot Read()
    {
        var cumulative = new long[bounds.Count + 1];
        var count = 0L;
        for (var bucket = 0; bucket < cumulative.Length; bucket++)
        {
            count += _cells.Sum(bucket);
            cumulative[bucket] = count;
        }

        return new LatencySnapshot(bounds, cumulative, TimeSpan.FromTicks(_cells.Sum(bounds.Count + 1)));
    }
}

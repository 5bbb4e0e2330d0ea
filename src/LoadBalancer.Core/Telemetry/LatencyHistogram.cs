namespace LoadBalancer.Telemetry;

/// <summary>
/// How long something took, counted in fixed buckets, from 5 ms to 2 h: wide enough for a health probe and for a
/// database session.
/// </summary>
/// <remarks>Recording takes no lock: a stripe per loop with that loop as its only writer, see <see cref="StripedCells"/>.</remarks>
public sealed class LatencyHistogram(int loops)
{
    private static readonly TimeSpan[] Bounds =
    [
        TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(25), TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(500),
        TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(15), TimeSpan.FromMinutes(1),
        TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2),
    ];

    // One slot per bound, one for what is longer than all of them, and the sum of ticks.
    private readonly StripedCells _cells = new(loops, Bounds.Length + 2);

    /// <summary>The upper bounds of the buckets, each inclusive, rising; a value above the last counts in a further bucket.</summary>
    public static ReadOnlySpan<TimeSpan> BucketBounds => Bounds;

    /// <summary>Counts one duration; only on the thread of <paramref name="loop"/>. A negative one counts as zero.</summary>
    public void Record(int loop, TimeSpan duration)
    {
        var ticks = Math.Max(0, duration.Ticks);
        var bucket = 0;
        while (bucket < Bounds.Length && ticks > Bounds[bucket].Ticks)
        {
            bucket++;
        }

        _cells.Add(loop, bucket);
        _cells.Add(loop, Bounds.Length + 1, ticks);
    }

    /// <summary>The counts as of now. They agree with each other; the sum may lack or lead a record that is being made.</summary>
    public LatencySnapshot Read()
    {
        var cumulative = new long[Bounds.Length + 1];
        var count = 0L;
        for (var bucket = 0; bucket < cumulative.Length; bucket++)
        {
            count += _cells.Sum(bucket);
            cumulative[bucket] = count;
        }

        return new LatencySnapshot(cumulative, TimeSpan.FromTicks(_cells.Sum(Bounds.Length + 1)));
    }
}

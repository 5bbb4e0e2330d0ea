namespace LoadBalancer.Telemetry;

/// <summary>The upper bounds of a histogram's buckets, each inclusive, rising. Immutable.</summary>
/// <remarks>
/// A bound is a series for everything that is measured with it, so there are few, close where a change matters. They are
/// fixed: a quantile over a week is wrong when the bounds changed on the way.
/// </remarks>
public sealed class LatencyBounds
{
    private readonly long[] _ticks;

    private LatencyBounds(params ReadOnlySpan<double> seconds)
    {
        _ticks = new long[seconds.Length];
        for (var bound = 0; bound < seconds.Length; bound++)
        {
            _ticks[bound] = (long)Math.Round(seconds[bound] * TimeSpan.TicksPerSecond);
        }
    }

    /// <summary>
    /// For a connect: 100 µs, the same machine, to 10 s, the last retransmissions. With the two further cells of
    /// <see cref="LatencyHistogram"/> they are 16: what a histogram takes for each loop is 256 bytes.
    /// </summary>
    public static LatencyBounds Connect { get; } =
        new(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10);

    /// <summary>For a connection from its beginning to its end: 5 ms, a health probe, to 2 h, a database session.</summary>
    public static LatencyBounds Session { get; } =
        new(0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200);

    /// <summary>For a request, whole or to its first byte: 0.5 ms, a static file next door, to 60 s, where waiting ends by default. 16 cells, as <see cref="Connect"/>.</summary>
    public static LatencyBounds Exchange { get; } =
        new(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60);

    /// <summary>
    /// For a comparison of requests now with requests before: 2.5 ms to two minutes, from 10 ms on four for each doubling, so that thrice the time is always told
    /// from twice. They are no series of their own.
    /// </summary>
    public static LatencyBounds Comparison { get; } = new([0.0025, 0.005, 0.0075, .. Enumerable.Range(0, 56).Select(quarter => 0.01 * Math.Pow(2, quarter / 4.0))]);

    /// <summary>How many there are; a value above the last counts in a further bucket.</summary>
    public int Count => _ticks.Length;

    /// <summary>The bound of one bucket.</summary>
    public TimeSpan this[int bucket] => TimeSpan.FromTicks(_ticks[bucket]);

    /// <summary>The bucket of a value: the first whose bound it does not exceed, or <see cref="Count"/>.</summary>
    internal int BucketOf(long ticks)
    {
        var bucket = 0;
        while (bucket < _ticks.Length && ticks > _ticks[bucket])
        {
            bucket++;
        }

        return bucket;
    }
}

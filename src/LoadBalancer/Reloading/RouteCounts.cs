using LoadBalancer.Http.Telemetry;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>What the guard has seen of a route up to a moment, or from one moment to another. Immutable.</summary>
internal sealed class RouteCounts
{
    private readonly long[] _counts;

    private RouteCounts(long[] counts) => _counts = counts;

    /// <summary>Nothing.</summary>
    public static RouteCounts None { get; } = new(new long[RouteOutcomes.Measures.Count + LatencyBounds.Comparison.Count + 1]);

    /// <summary>Requests that have ended.</summary>
    public long Requests => Times.Sum();

    /// <summary>How many of them with each of <see cref="RouteOutcomes.Measures"/>.</summary>
    public ReadOnlySpan<long> Errors => _counts.AsSpan(0, RouteOutcomes.Measures.Count);

    /// <summary>How many of them in each bucket of <see cref="LatencyBounds.Comparison"/>, and last above all.</summary>
    public IEnumerable<long> Times => _counts.Skip(RouteOutcomes.Measures.Count);

    /// <summary>What a route has counted since it is compared.</summary>
    public static RouteCounts Of(RouteMetrics metrics)
    {
        if (metrics.Outcomes is not { } outcomes)
        {
            return None;
        }

        var cumulative = outcomes.Times.Cumulative;
        return new RouteCounts(
        [
            .. Enumerable.Range(0, RouteOutcomes.Measures.Count).Select(outcomes.CountOf),
            .. cumulative.Select((count, bucket) => bucket == 0 ? count : count - cumulative[bucket - 1]),
        ]);
    }

    /// <summary>What came after <paramref name="earlier"/>.</summary>
    public RouteCounts Since(RouteCounts earlier) => new([.. _counts.Zip(earlier._counts, static (now, then) => now - then)]);

    /// <summary>Both together.</summary>
    public RouteCounts And(RouteCounts other) => new([.. _counts.Zip(other._counts, static (one, another) => one + another)]);
}

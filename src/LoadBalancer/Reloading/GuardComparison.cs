using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>Compares a route with itself before a reload. Pure.</summary>
/// <remarks>
/// Worse is what exceeds the bound of the file and is no chance too: one in a million by <see cref="ChanceTest"/>, so that a look a second
/// at thousands of routes finds none in vain.
/// </remarks>
internal static class GuardComparison
{
    /// <summary>Fewer requests on either side are not compared.</summary>
    public const int LeastRequests = 200;

    private const double Chance = 1e-6;

    /// <summary>The time of so many requests is compared.</summary>
    private const double Part = 0.99;

    /// <summary>Bounds are whole ticks, and twice one of them may lie a tick beside another.</summary>
    private const double Rounding = 1e-6;

    /// <summary>A slower answer by less than this is no harm that is worth a return.</summary>
    private static readonly TimeSpan LeastDelay = TimeSpan.FromMilliseconds(10);

    /// <summary>The first measure that is worse than it may be; null where none is.</summary>
    /// <param name="before">What the route counted before.</param>
    /// <param name="after">What it has counted since, of requests that have begun since.</param>
    /// <param name="options">What may be.</param>
    /// <param name="refusalsCount">False where the route lets in others than before, so that more may be refused.</param>
    public static (string Measure, double Before, double After)? Worse(RouteCounts before, RouteCounts after, GuardOptions options, bool refusalsCount)
    {
        if (before.Requests < LeastRequests || after.Requests < LeastRequests)
        {
            return null;
        }

        for (var measure = 0; measure < (refusalsCount ? RouteOutcomes.Measures.Count : 1); measure++)
        {
            var (was, now) = (before.Errors[measure], after.Errors[measure]);
            var (wasShare, share) = ((double)was / before.Requests, (double)now / after.Requests);
            if (share - wasShare > options.MaxErrorIncrease && ChanceTest.OfAtLeast(was, before.Requests, now, after.Requests) < Chance)
            {
                return (RouteOutcomes.Measures[measure], wasShare, share);
            }
        }

        return Slower(before, after, options.MaxLatencyIncrease);
    }

    // Only at the bounds of buckets is it known how many took longer. So what it was is taken for the bound above it, and more than it may be is what is above the
    // first bound that is no less: what may be is never found, and what is not found is little above that.
    private static (string Measure, double Before, double After)? Slower(RouteCounts before, RouteCounts after, double increase)
    {
        var bounds = LatencyBounds.Comparison;
        var (earlier, since) = (Snapshot(before.Times), Snapshot(after.Times));
        var was = Enumerable.Range(0, bounds.Count).FirstOrDefault(bucket => earlier.Cumulative[bucket] >= Part * earlier.Count, bounds.Count);
        if (was == bounds.Count)
        {
            return null;
        }

        var most = Math.Max(bounds[was].TotalSeconds * (1 + increase), (bounds[was] + LeastDelay).TotalSeconds) * (1 - Rounding);
        var bucket = Enumerable.Range(was, bounds.Count - was).FirstOrDefault(bucket => bounds[bucket].TotalSeconds >= most, bounds.Count);

        // Beyond the last bound nothing is known; infinity ends there too.
        if (bucket == bounds.Count || since.Cumulative[bucket] >= Part * since.Count)
        {
            return null;
        }

        var (slowBefore, slow) = (earlier.Count - earlier.Cumulative[bucket], since.Count - since.Cumulative[bucket]);
        return ChanceTest.OfAtLeast(slowBefore, earlier.Count, slow, since.Count) < Chance
            ? (GuardFinding.Latency, earlier.Quantile(Part)!.Value.TotalSeconds, since.Quantile(Part)!.Value.TotalSeconds)
            : null;
    }

    private static LatencySnapshot Snapshot(IEnumerable<long> times)
    {
        var sum = 0L;
        return new LatencySnapshot(LatencyBounds.Comparison, [.. times.Select(count => sum += count)], TimeSpan.Zero);
    }
}

using LoadBalancer.Daemon.Configuration;
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

    /// <summary>A slower answer by less than this is no harm that is worth a return.</summary>
    private static readonly TimeSpan LeastDelay = TimeSpan.FromMilliseconds(10);

    /// <summary>The first measure that is worse than it may be; null where none is.</summary>
    /// <param name="before">What the route counted before.</param>
    /// <param name="after">What it has counted since.</param>
    /// <param name="options">What may be.</param>
    /// <param name="refusalsCount">False where the route lets in others than before, so that more may be refused.</param>
    /// <param name="elapsed">The time since: a request that took longer began before.</param>
    public static (string Measure, double Before, double After)? Worse(RouteCounts before, RouteCounts after, GuardOptions options, bool refusalsCount, TimeSpan elapsed)
    {
        if (before.Requests < LeastRequests || after.Requests < LeastRequests)
        {
            return null;
        }

        for (var status = 0; status < (refusalsCount ? RouteCounts.Statuses.Length : 1); status++)
        {
            var (was, now) = (before.Errors[status], after.Errors[status]);
            var (wasShare, share) = ((double)was / before.Requests, (double)now / after.Requests);
            if (share - wasShare > options.MaxErrorIncrease && ChanceTest.OfAtLeast(was, before.Requests, now, after.Requests) < Chance)
            {
                return (RouteCounts.Statuses[status], wasShare, share);
            }
        }

        return Slower(before, after, options.MaxLatencyIncrease, elapsed);
    }

    private static (string Measure, double Before, double After)? Slower(RouteCounts before, RouteCounts after, double increase, TimeSpan elapsed)
    {
        var bounds = LatencyBounds.Exchange;
        var was = Snapshot(before.Durations).Quantile(0.99)!.Value;

        // Beyond the last bound nothing is known; infinity ends there too.
        var most = Math.Max(was.TotalSeconds * (1 + increase), (was + LeastDelay).TotalSeconds);
        var bucket = Enumerable.Range(0, bounds.Count).FirstOrDefault(bucket => bounds[bucket].TotalSeconds >= most, bounds.Count);
        var since = Snapshot(after.Durations.Select((count, at) => at > 0 && bounds[at - 1] >= elapsed ? 0 : count));
        if (bucket == bounds.Count || since.Quantile(0.99) is not { } now || now <= bounds[bucket])
        {
            return null;
        }

        var (slowBefore, slow) = (before.Requests - before.Durations.Take(bucket + 1).Sum(), since.Count - since.Cumulative[bucket]);
        return ChanceTest.OfAtLeast(slowBefore, before.Requests, slow, since.Count) < Chance ? (GuardFinding.Latency, was.TotalSeconds, now.TotalSeconds) : null;
    }

    private static LatencySnapshot Snapshot(IEnumerable<long> durations)
    {
        var sum = 0L;
        return new LatencySnapshot(LatencyBounds.Exchange, [.. durations.Select(count => sum += count)], TimeSpan.Zero);
    }
}

using LoadBalancer.Http.Telemetry;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>What a route has counted up to a moment, or from one moment to another. Immutable.</summary>
internal sealed class RouteCounts
{
    /// <summary>The statuses that the guard looks at, as it names them: those of the server's, then <see cref="RouteMetrics.Refusals"/>.</summary>
    public static readonly string[] Statuses = ["5xx", .. RouteMetrics.Refusals.Select(status => $"{status}")];

    private const int ServerErrorClass = 4;

    private readonly long[] _counts;

    private RouteCounts(long[] counts) => _counts = counts;

    /// <summary>Nothing.</summary>
    public static RouteCounts None { get; } = new(new long[Statuses.Length + LatencyBounds.Exchange.Count + 1]);

    /// <summary>Requests that have ended.</summary>
    public long Requests => Durations.Sum();

    /// <summary>How many of them with each of <see cref="Statuses"/>.</summary>
    public ReadOnlySpan<long> Errors => _counts.AsSpan(0, Statuses.Length);

    /// <summary>How many of them in each bucket of <see cref="LatencyBounds.Exchange"/>, and last above all.</summary>
    public IEnumerable<long> Durations => _counts.Skip(Statuses.Length);

    /// <summary>What a route has counted since the process started.</summary>
    public static RouteCounts Of(RouteMetrics metrics)
    {
        var cumulative = metrics.Durations.Cumulative;
        return new RouteCounts(
        [
            metrics.RequestsOf(ServerErrorClass),
            .. Enumerable.Range(0, RouteMetrics.Refusals.Count).Select(metrics.RequestsRefused),
            .. cumulative.Select((count, bucket) => bucket == 0 ? count : count - cumulative[bucket - 1]),
        ]);
    }

    /// <summary>What came after <paramref name="earlier"/>.</summary>
    public RouteCounts Since(RouteCounts earlier) => new([.. _counts.Zip(earlier._counts, static (now, then) => now - then)]);

    /// <summary>Both together.</summary>
    public RouteCounts And(RouteCounts other) => new([.. _counts.Zip(other._counts, static (one, another) => one + another)]);
}

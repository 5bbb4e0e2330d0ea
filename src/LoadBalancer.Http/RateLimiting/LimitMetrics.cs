using System.Collections.Concurrent;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>
/// What the limits of a file have said since the process started, by the names of limits and plans in the file: whatever callers send adds no series. It outlives
/// reloads. Thread-safe.
/// </summary>
/// <param name="loops">How many loops count.</param>
internal sealed class LimitMetrics(int loops)
{
    private readonly ConcurrentDictionary<(string Limit, string Plan), LimitCounts> _counts = [];

    /// <summary>What has counted, in the order of the names.</summary>
    public IEnumerable<LimitCounts> All => _counts.Values.OrderBy(counts => counts.Limit, StringComparer.Ordinal).ThenBy(counts => counts.Plan, StringComparer.Ordinal);

    /// <summary>Where a limit counts; the same for the same names.</summary>
    public LimitCounts Of(string limit, string plan) => _counts.GetOrAdd((limit, plan), static (names, count) => new LimitCounts(names.Limit, names.Plan, count), loops);
}

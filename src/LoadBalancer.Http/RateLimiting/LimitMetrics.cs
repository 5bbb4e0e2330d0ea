using System.Collections.Concurrent;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>
/// What the limits of a file have said since the process started, by the names of limits and plans in the file: whatever callers send adds no series. It outlives
/// reloads. Thread-safe.
/// </summary>
/// <param name="loops">How many loops count.</param>
internal sealed class LimitMetrics(int loops)
{
    private readonly ConcurrentDictionary<(string Limit, string Plan), LimitCounts> _counts = [];
    private readonly ConcurrentDictionary<(string Limit, string Plan), (PaceCounts Requests, PaceCounts Responses)> _paces = [];

    /// <summary>What has counted, in the order of the names.</summary>
    // Rule zero: LINQ, because an operator asks.
    public IEnumerable<LimitCounts> All => _counts.Values.OrderBy(counts => counts.Limit, StringComparer.Ordinal).ThenBy(counts => counts.Plan, StringComparer.Ordinal);

    /// <summary>Where a limit counts; the same for the same names.</summary>
    public LimitCounts Of(string limit, string plan) => _counts.GetOrAdd((limit, plan), static (names, count) => new LimitCounts(names.Limit, names.Plan, count), loops);

    /// <summary>What has waited for a bandwidth, in the order of the names.</summary>
    public IEnumerable<(string Limit, string Plan, string Direction, PaceCounts Counts)> Paces =>
        // Rule zero: LINQ, as above.
        _paces.OrderBy(entry => entry.Key.Limit, StringComparer.Ordinal).ThenBy(entry => entry.Key.Plan, StringComparer.Ordinal).SelectMany(entry => new[]
        {
            (entry.Key.Limit, entry.Key.Plan, "received", entry.Value.Requests),
            (entry.Key.Limit, entry.Key.Plan, "sent", entry.Value.Responses),
        });

    /// <summary>Where the waits for a bandwidth are counted; the same for the same names.</summary>
    public (PaceCounts Requests, PaceCounts Responses) PacesOf(string limit, string plan) =>
        _paces.GetOrAdd((limit, plan), static (_, count) => (new PaceCounts(count), new PaceCounts(count)), loops);
}

using LoadBalancer.Telemetry;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>
/// What one limit has said to the callers of one plan, since the process started. It belongs to the two names and outlives reloads. Counted on the loops, without a
/// lock and without allocation; read from any thread.
/// </summary>
/// <param name="limit">The limit's name.</param>
/// <param name="plan">The plan's; empty where one rule is for all.</param>
/// <param name="loops">How many loops count.</param>
internal sealed class LimitCounts(string limit, string plan, int loops)
{
    /// <summary>The words of <see cref="LimitOutcome"/>.</summary>
    private static readonly string[] Words = ["allowed", "refused", "would_refuse", "unavailable"];

    private readonly StripedCells _cells = new(loops, Words.Length);

    /// <summary>The limit's name.</summary>
    public string Limit => limit;

    /// <summary>The plan's name; empty where one rule is for all.</summary>
    public string Plan => plan;

    /// <summary>Counts by outcome, each that there is.</summary>
    // Rule zero: LINQ, because an operator asks.
    public IEnumerable<(string Outcome, long Count)> Outcomes => Words.Select((word, at) => (word, _cells.Sum(at)));

    /// <summary>How often it has said so.</summary>
    public long Of(LimitOutcome outcome) => _cells.Sum((int)outcome);

    /// <summary>Counts what it has said; on the thread of <paramref name="loop"/>.</summary>
    public void Count(int loop, LimitOutcome outcome) => _cells.Add(loop, (int)outcome);
}

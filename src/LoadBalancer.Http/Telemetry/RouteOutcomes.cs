using LoadBalancer.Telemetry;

namespace LoadBalancer.Http.Telemetry;

/// <summary>How the requests of one route ended, as far as another configuration may change that: what the guard of reloads compares.</summary>
/// <remarks><see cref="Ended"/> is called on the thread of the loop that it names; it takes no lock and allocates nothing. Read from any thread.</remarks>
/// <param name="loops">How many loops count.</param>
internal sealed class RouteOutcomes(int loops)
{
    private readonly StripedCells _counts = new(loops, Measures.Count);
    private readonly LatencyHistogram _times = new(loops, LatencyBounds.Comparison);

    /// <summary>What is counted one by one: failures of the servers' side, and the statuses of 4xx that a wrong configuration makes.</summary>
    public static IReadOnlyList<string> Measures { get; } = ["5xx", "401", "403", "404", "429"];

    /// <summary>How long they took, in the buckets of <see cref="LatencyBounds.Comparison"/>.</summary>
    public LatencySnapshot Times => _times.Read();

    /// <summary>How many ended so, by its index in <see cref="Measures"/>.</summary>
    public long CountOf(int measure) => _counts.Sum(measure);

    /// <summary>Counts a request that has ended.</summary>
    public void Ended(int loop, int status, TimeSpan took)
    {
        _times.Record(loop, took);
        var measure = status switch { >= 500 and <= 599 => 0, 401 => 1, 403 => 2, 404 => 3, 429 => 4, _ => -1 };
        if (measure >= 0)
        {
            _counts.Add(loop, measure);
        }
    }
}

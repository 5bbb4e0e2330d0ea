using LoadBalancer.Endpoints;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Health;

/// <summary>
/// What traffic said of one endpoint within the window: readings of counters that only grow, taken by a clock, so that judging costs a
/// request nothing. Belongs to the upstream's loop and is not thread-safe.
/// </summary>
internal sealed class TrafficWindow
{
    /// <summary>How many readings a window has.</summary>
    public const int Slices = 5;

    private readonly Reading?[] _ring = new Reading?[Slices + 1];
    private int _count;
    private long _since;

    /// <summary>Attempts that were answered or failed.</summary>
    public long Attempts { get; private set; }

    /// <summary>Attempts that failed, and answers that broke off.</summary>
    public long Failures { get; private set; }

    /// <summary>What half of the answers took no longer than.</summary>
    public TimeSpan Median { get; private set; }

    /// <summary>How many answers <see cref="Median"/> is of.</summary>
    public long Timed { get; private set; }

    /// <summary>Takes another reading.</summary>
    /// <param name="endpoint">Whose.</param>
    /// <param name="since">Since when it is as it is now; at another time the window begins anew, so that nobody is judged on old numbers.</param>
    public void Read(Endpoint endpoint, long since)
    {
        if (since != _since)
        {
            Forget();
            _since = since;
        }

        // The oldest gives its place, and its array, to the newest.
        var newest = _ring[_count % _ring.Length] ??= new Reading();
        newest.Take(endpoint.Load);
        _count++;
        var oldest = _ring[_count > Slices ? _count % _ring.Length : 0]!;
        var broken = newest.Broken - oldest.Broken;
        Failures = newest.Failed - oldest.Failed;
        Attempts = newest.Answered - oldest.Answered + Failures - broken;
        (Median, Timed) = newest.Times is { } times && oldest.Times is { } before ? LatencySketch.Median(before, times) : default;
    }

    /// <summary>Begins anew with the next reading.</summary>
    public void Forget()
    {
        _count = 0;
        Attempts = Failures = Timed = 0;
    }

    private sealed class Reading
    {
        private long[]? _times;

        public long Answered { get; private set; }

        public long Failed { get; private set; }

        public long Broken { get; private set; }

        public long[]? Times { get; private set; }

        public void Take(EndpointLoad load)
        {
            // What is a part of something else is read first.
            Broken = load.Broken;
            Failed = load.Failed;
            Answered = load.Answered;
            Times = load.AnswerTimes is null ? null : _times ??= new long[LatencySketch.Slots];
            load.AnswerTimes?.Read(_times);
        }
    }
}

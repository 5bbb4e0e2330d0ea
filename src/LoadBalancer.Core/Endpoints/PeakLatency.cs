namespace LoadBalancer.Endpoints;

/// <summary>
/// How long an endpoint lately takes to answer: a moving average, weighted by time, that takes a peak at once and forgets
/// it slowly. An endpoint that becomes slow is noticed at its first slow answer, and one that nobody asks any more is
/// thought better of with time, until somebody asks again.
/// </summary>
/// <remarks>
/// The "Peak EWMA" of Finagle: an answer above the average becomes the average; one below it moves it by 1 - e^(-t/τ), t being the time
/// since the answer before. Read at a later time, the average has decayed by e^(-t/τ).
/// <para>
/// Thread-safe without a lock: the average, a float of microseconds, and the time of the last answer, milliseconds that
/// wrap after 49 days, are halves of one word. It lives with the endpoint and outlives reloads.
/// </para>
/// </remarks>
/// <param name="time">The clock.</param>
public sealed class PeakLatency(TimeProvider time)
{
    /// <summary>τ. A peak of a second, as one lost SYN makes it, is down to a millisecond after seven times this.</summary>
    private const float DecayMs = 5_000;

    private const float LeastMicroseconds = 1;

    private readonly long _timestampsPerMs = time.TimestampFrequency / 1000;
    private ulong _state;

    /// <summary>What a failed connect counts as: as long as the first retransmission of a lost SYN takes.</summary>
    public static TimeSpan Penalty { get; } = TimeSpan.FromSeconds(1);

    /// <summary>The clock, for <see cref="At"/>; read once for several of them.</summary>
    internal uint NowMs => unchecked((uint)(time.GetTimestamp() / _timestampsPerMs));

    /// <summary>Takes in one answer.</summary>
    public void Observe(TimeSpan latency)
    {
        var nowMs = NowMs;
        var microseconds = Math.Max(LeastMicroseconds, (float)latency.TotalMicroseconds);
        while (true)
        {
            var seen = Volatile.Read(ref _state);
            var next = microseconds;
            if (seen != 0)
            {
                var kept = Kept(seen, nowMs);
                var decayed = Average(seen) * kept;
                next = microseconds >= decayed ? microseconds : decayed + (microseconds * (1 - kept));
            }

            if (Interlocked.CompareExchange(ref _state, ((ulong)BitConverter.SingleToUInt32Bits(next) << 32) | nowMs, seen) == seen)
            {
                return;
            }
        }
    }

    /// <summary>The average in microseconds as of <paramref name="nowMs"/>; 0 where nothing was ever measured, and only there.</summary>
    internal float At(uint nowMs)
    {
        var seen = Volatile.Read(ref _state);
        return seen == 0 ? 0 : Math.Max(LeastMicroseconds, Average(seen) * Kept(seen, nowMs));
    }

    private static float Average(ulong state) => BitConverter.UInt32BitsToSingle((uint)(state >> 32));

    /// <summary>e^(-t/τ). Another thread may have written a time after ours: no time has passed then.</summary>
    private static float Kept(ulong state, uint nowMs) => MathF.Exp(-Math.Max(0, unchecked((int)(nowMs - (uint)state))) / DecayMs);
}

using System.Runtime.InteropServices;
using LoadBalancer.Faults;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Endpoints;

/// <summary>
/// What is asked of an endpoint: its open leases and the totals of its life. There is no gauge that could drift: two
/// counters only grow, and what is open is their difference, so that one interlocked operation a lease and one a return
/// keep the gauge and the total at once.
/// </summary>
/// <param name="loops">How many event loops use it.</param>
/// <remarks>Thread-safe. The counters have cache lines of their own, because every loop writes them.</remarks>
public sealed class EndpointLoad(int loops)
{
    private static readonly int FaultKinds = Enum.GetValues<FaultKind>().Length;

    private readonly long[] _faults = new long[FaultKinds];
    private readonly StripedCells _answered = new(loops, 1);
    private PeakLatency? _latency;
    private LatencySketch? _answerTimes;
    private long _failed;
    private long _broken;
    private Counters _counters;

    /// <summary>Leases taken and not yet returned. Never negative; while others lease and return it may be a moment old.</summary>
    public int Active
    {
        get
        {
            // The order matters: a lease that is taken and returned between the two reads makes the answer larger, never negative.
            var returned = Volatile.Read(ref _counters.Returned);
            return (int)(Volatile.Read(ref _counters.Leased) - returned);
        }
    }

    /// <summary>Leases ever taken.</summary>
    public long Leased => Volatile.Read(ref _counters.Leased);

    /// <summary>Leases ever returned, whatever their outcome.</summary>
    public long Returned => Volatile.Read(ref _counters.Returned);

    /// <summary>Leases that ended with a fault of this endpoint of one kind.</summary>
    public long Faults(FaultKind kind) => Volatile.Read(ref _faults[(int)kind]);

    /// <summary>Attempts that the endpoint answered: on tcp a connect, on http the head of a response that is not 502, 503 or 504.</summary>
    public long Answered => _answered.Sum(0);

    /// <summary>Attempts that failed by the endpoint, answered before or not.</summary>
    public long Failed => Interlocked.Read(ref _failed);

    /// <summary>Those of <see cref="Failed"/> that had been answered.</summary>
    public long Broken => Interlocked.Read(ref _broken);

    /// <summary>How long answers took; null where no rule ever asked.</summary>
    internal LatencySketch? AnswerTimes => Volatile.Read(ref _answerTimes);

    /// <summary>How long it lately takes to answer, on tcp a connect and on http a request; null where no balancer ever asked.</summary>
    public PeakLatency? Latency => Volatile.Read(ref _latency);

    /// <summary>Measures it from here on, for good.</summary>
    internal PeakLatency Measure(TimeProvider time)
    {
        if (Latency is null)
        {
            Interlocked.CompareExchange(ref _latency, new PeakLatency(time), null);
        }

        return Latency!;
    }

    /// <summary>Measures how long answers take from here on, for good.</summary>
    internal void MeasureAnswers()
    {
        if (AnswerTimes is null)
        {
            Interlocked.CompareExchange(ref _answerTimes, new LatencySketch(loops), null);
        }
    }

    internal void Answering(int loop, TimeSpan took)
    {
        _answered.Add(loop, 0);
        Waited(loop, took);
    }

    /// <summary>It was waited for so long, with or without an answer. On the thread of <paramref name="loop"/>.</summary>
    internal void Waited(int loop, TimeSpan took)
    {
        AnswerTimes?.Record(loop, took);
        Latency?.Observe(took);
    }

    internal void Failing(Fault fault, bool answered)
    {
        Interlocked.Increment(ref _faults[(int)fault.Kind]);
        if (fault.IsOfEndpoint)
        {
            if (answered)
            {
                Interlocked.Increment(ref _broken);
            }

            Interlocked.Increment(ref _failed);
        }
    }

    internal void Leasing() => Interlocked.Increment(ref _counters.Leased);

    /// <summary>Counts a lease where fewer than <paramref name="cap"/> are open.</summary>
    internal bool TryLeasing(int cap)
    {
        while (true)
        {
            // Returns only grow and are read first: what is open when the exchange succeeds is at most what is compared here.
            var returned = Volatile.Read(ref _counters.Returned);
            var leased = Volatile.Read(ref _counters.Leased);
            if (leased - returned >= cap)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _counters.Leased, leased + 1, leased) == leased)
            {
                return true;
            }
        }
    }

    internal void Returning() => Interlocked.Increment(ref _counters.Returned);

    /// <summary>64 bytes of distance before and 112 after: wherever the object lies, nothing that is only read shares a line with them.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Counters
    {
        [FieldOffset(64)]
        public long Leased;

        [FieldOffset(72)]
        public long Returned;
    }
}

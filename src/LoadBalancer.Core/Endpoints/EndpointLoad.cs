using System.Runtime.InteropServices;
using LoadBalancer.Faults;

namespace LoadBalancer.Endpoints;

/// <summary>
/// What is asked of an endpoint: its open leases and the totals of its life. There is no gauge that could drift: two
/// counters only grow, and what is open is their difference, so that one interlocked operation a lease and one a return
/// keep the gauge and the total at once.
/// </summary>
/// <remarks>Thread-safe. The counters have cache lines of their own, because every loop writes them.</remarks>
public sealed class EndpointLoad
{
    private static readonly int FaultKinds = Enum.GetValues<FaultKind>().Length;

    private readonly long[] _faults = new long[FaultKinds];
    private PeakLatency? _latency;
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

    /// <summary>How long it takes to answer; null where no balancer ever asked.</summary>
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

    internal void Failing(FaultKind kind) => Interlocked.Increment(ref _faults[(int)kind]);

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

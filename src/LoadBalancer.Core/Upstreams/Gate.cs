using System.Runtime.InteropServices;
using LoadBalancer.Faults;
using LoadBalancer.Limits;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Upstreams;

/// <summary>
/// The way in to an upstream that takes so many exchanges at once and no more, over all loops and endpoints: a number, or what its answers
/// show to be good (<see cref="ConcurrencyLimit"/>). It belongs to the upstream's name and outlives reloads.
/// </summary>
/// <remarks>
/// One interlocked operation in and one out. Who finds no room waits in the upstream's <see cref="LeaseQueue"/>, by importance; whoever leaves
/// lets in the next of them.
/// </remarks>
internal sealed class Gate(LeaseQueue queue, int loops, TimeProvider time)
{
    private Counter _counter;
    private ConcurrencyLimit? _adaptive;
    private int _fixed = int.MaxValue;

    /// <summary>How many may be under way.</summary>
    public int Limit => Volatile.Read(ref _adaptive)?.Limit ?? Volatile.Read(ref _fixed);

    /// <summary>How many are. For a moment it may count some who found no room.</summary>
    public int UnderWay => Volatile.Read(ref _counter.UnderWay);

    /// <summary>How long an answer takes where none has to wait; zero where that is not known.</summary>
    public TimeSpan Base => Volatile.Read(ref _adaptive)?.Base ?? TimeSpan.Zero;

    /// <summary>From here on lets in as many as <paramref name="concurrency"/> says; those who are in stay. The queue looks after those who wait.</summary>
    public void Follow(int? concurrency)
    {
        Volatile.Write(ref _fixed, concurrency ?? int.MaxValue);
        Volatile.Write(ref _adaptive, concurrency != UpstreamOptions.AutoConcurrency ? null : _adaptive ?? new ConcurrencyLimit(loops, time));
    }

    /// <summary>Goes in, where there is room and nobody waits. Any thread; allocates nothing.</summary>
    public bool TryEnter() => queue.GateWaits == 0 && TryTake();

    /// <summary>After <see cref="TryEnter"/> said no: waits in turn, on <paramref name="loop"/>. Who is let in is told <see cref="Fault.None"/>.</summary>
    public LeaseWait Wait(EventLoop loop, Importance importance) => queue.Enter(loop, importance);

    /// <summary>Goes out, after <see cref="TryEnter"/> or a wait let it in. On the thread of <paramref name="loop"/>.</summary>
    /// <param name="loop">The loop's number.</param>
    /// <param name="outcome">How it went.</param>
    /// <param name="took">How long the answer took, in units of a timestamp; 0 where there was none, or none that counts.</param>
    /// <param name="late">How much of that, at most, was until the loop had time for it.</param>
    public void Leave(int loop, Fault outcome, long took, long late = 0)
    {
        var underWay = Interlocked.Decrement(ref _counter.UnderWay);
        if (Volatile.Read(ref _adaptive) is { } adaptive)
        {
            if (outcome.Side == FaultSide.Upstream && MeansOverload(outcome.Kind))
            {
                adaptive.Failed(loop, time.GetTimestamp(), underWay);
            }
            else if (took > 0)
            {
                adaptive.Answered(loop, took, late, time.GetTimestamp(), underWay);
            }
        }

        queue.Returned();
    }

    // What an endpoint that has too much to do does, and one that is simply wrong does not.
    private static bool MeansOverload(FaultKind kind) => kind is
        FaultKind.ConnectRefused or FaultKind.ConnectTimeout or FaultKind.EarlyClose or FaultKind.Reset or FaultKind.ResponseTruncated
        or FaultKind.FirstByteTimeout or FaultKind.BetweenBytesTimeout or FaultKind.ExchangeTimeout or FaultKind.BadStatus;

    /// <summary>Takes a place, whoever waits.</summary>
    internal bool TryTake()
    {
        if (Interlocked.Increment(ref _counter.UnderWay) <= Limit)
        {
            return true;
        }

        // Whoever left meanwhile may have found no room for the next because of this one; so this one looks for those who wait, in Enter.
        Interlocked.Decrement(ref _counter.UnderWay);
        Volatile.Read(ref _adaptive)?.Met();
        return false;
    }

    /// <summary>64 bytes of distance before and after: nothing that is only read shares a line with it.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Counter
    {
        [FieldOffset(64)]
        public int UnderWay;
    }
}

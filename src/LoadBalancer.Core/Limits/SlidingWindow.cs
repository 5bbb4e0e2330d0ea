using System.Runtime.CompilerServices;
using LoadBalancer.Configuration;

namespace LoadBalancer.Limits;

/// <summary>
/// At most N in any window of a length, wherever it begins, for an N up to <see cref="MostTimes"/>: exact, by the time of each of the last N. More are
/// for <see cref="SlicedWindow"/>.
/// </summary>
/// <remarks>
/// <para>
/// A caller's state is a block of <see cref="CallerBlocks"/> with a <see cref="TimeRing"/>. It has room for three times at first, and for more when more are
/// within one window. A charge replaces a time that is a window old by now, with a compare-and-swap. So each of at most N places has at most one time
/// in any window, whatever threads do at once: that is the limit.
/// </para>
/// <para>
/// A cost of several takes as many places, one after the other, and gives them back if others were faster and there are too few: two that want
/// the last places at the same time may both be refused. What is given back is always what was charged last. If more was charged meanwhile, the right number
/// goes back, but what stays is older than it should be by the moments between.
/// </para>
/// <para>
/// While a ring moves to a larger block, which it does eight times at most, others who come with this caller wait for these microseconds. Where the memory is used up, it
/// does not grow, and the caller is refused before it has used N.
/// </para>
/// </remarks>
internal sealed class SlidingWindow : Limiter
{
    /// <summary>The most that are kept one by one.</summary>
    public const int MostTimes = 1000;

    private const int MostTries = 64;

    private readonly Ticks _ticks;
    private readonly CallerBlocks _blocks;
    private readonly int _count;
    private readonly long _window;

    /// <summary>A limit of <paramref name="rate"/>, up to <see cref="MostTimes"/>, with memory for its times.</summary>
    public SlidingWindow(Rate rate, TimeProvider time, CallerBlocks blocks)
        : base(time)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rate.Count, MostTimes);
        _ticks = new Ticks(time.TimestampFrequency);
        _blocks = blocks;
        _count = (int)rate.Count;
        _window = (long)(rate.Window.TotalSeconds * time.TimestampFrequency);
    }

    /// <inheritdoc/>
    public override long Most => _count;

    /// <inheritdoc/>
    public override bool TryPeek(ref CallerEntry entry, ulong number, int cost, out LimitAnswer answer)
    {
        while (_blocks.TryGet(ref entry, number, out var state, out var block))
        {
            var ring = new TimeRing(block, _count, _window, ref entry, state);
            var (head, now) = (ring.Head, Now);
            var free = ring.Free(head, now);
            if (free >= 0 && ring.IsHeld)
            {
                answer = AnswerOf(ring, head, free, free + _count - ring.Length, cost, now);
                return true;
            }
        }

        answer = default;
        return false;
    }

    /// <inheritdoc/>
    public override bool TryReturn(ref CallerEntry entry, ulong number, int cost)
    {
        while (_blocks.TryGet(ref entry, number, out var state, out var block))
        {
            if (new TimeRing(block, _count, _window, ref entry, state).TryReturn(Now, out var wasEmpty) && (wasEmpty || --cost == 0))
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public override bool TryBegin(long used, out long state)
    {
        if (!_blocks.TryRent(TimeRing.Header + (int)Math.Max(1, used), forNewcomer: true, out state))
        {
            return false;
        }

        Span<long> times = stackalloc long[(int)used];
        times.Fill(Now + 1);
        RingOf(state).Begin(times);
        return true;
    }

    /// <inheritdoc/>
    public override long UntilIdle(long state, long now)
    {
        var ring = RingOf(state);
        int free;
        long head;
        do
        {
            head = ring.Head;
            free = ring.Free(head, now);
        }
        while (free < 0);
        return free + _count - ring.Length < LeastLeft ? long.MaxValue : ring.UntilIdle(head, now);
    }

    /// <inheritdoc/>
    public override void End(long state) => _blocks.Return(state);

    /// <inheritdoc/>
    protected override bool TryCharge(ref CallerEntry entry, ulong number, int cost, out LimitAnswer answer)
    {
        var tries = 0;
        while (_blocks.TryGet(ref entry, number, out var state, out var block))
        {
            var ring = new TimeRing(block, _count, _window, ref entry, state);
            var (head, now) = (ring.Head, Now);
            var free = ring.Free(head, now);
            if (free < 0 || !ring.IsHeld)
            {
                continue;
            }

            var left = free + _count - ring.Length;
            if (free >= cost && tries++ < MostTries)
            {
                var taken = 0;
                while (taken < cost && ring.TryTake(now))
                {
                    taken++;
                }

                if (taken == cost)
                {
                    answer = new LimitAnswer(true, left - cost, TimeSpan.Zero, _ticks.ToTime((ulong)_window));
                    return true;
                }

                // Others were faster, or the ring has just moved to where there is more room.
                if (taken > 0)
                {
                    TryReturn(ref entry, number, taken);
                }

                continue;
            }

            if (free >= cost || left < cost)
            {
                answer = AnswerOf(ring, head, free, Math.Min(left, cost - 1), cost, now);
                return true;
            }

            if (!TryGrow(ref entry, state, ring, ring.Length - free + cost))
            {
                answer = AnswerOf(ring, head, free, free, cost, now);
                return true;
            }
        }

        answer = default;
        return false;
    }

    private TimeRing RingOf(long state) => new(_blocks[state], _count, _window, ref Unsafe.NullRef<CallerEntry>(), state);

    /// <summary>Moves the times to a block with room for <paramref name="wanted"/>. False where there is none; true also where another thread has moved them.</summary>
    private bool TryGrow(ref CallerEntry entry, long state, in TimeRing ring, int wanted)
    {
        if (!_blocks.TryRent(TimeRing.Header + Math.Min(_count, Math.Max(wanted, 2 * ring.Length)), forNewcomer: false, out var larger))
        {
            return false;
        }

        if (Interlocked.CompareExchange(ref entry.State, CallerEntry.Growing, state) != state)
        {
            _blocks.Return(larger);
            return true;
        }

        Span<long> times = stackalloc long[ring.Length];
        RingOf(larger).Begin(times[..ring.Empty(times, Now)]);
        Volatile.Write(ref entry.State, larger);
        _blocks.Return(state);
        return true;
    }

    private LimitAnswer AnswerOf(in TimeRing ring, long head, int free, int left, int cost, long now)
    {
        // As many of the oldest that count have to go as are missing.
        var wait = left >= cost ? 0 : ring.UntilGone(head, free, cost - left, now);
        return new LimitAnswer(left >= cost, left, _ticks.ToTime((ulong)wait), _ticks.ToTime((ulong)Math.Max(wait, ring.UntilAllGone(head, now))));
    }
}

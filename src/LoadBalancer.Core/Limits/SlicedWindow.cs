using LoadBalancer.Configuration;

namespace LoadBalancer.Limits;

/// <summary>
/// At most N in any window of a length, wherever it begins, for an N of which the times are too many to keep (<see cref="SlidingWindow"/>): by the slice. It never
/// lets more pass than N, and lets the next pass up to a slice (a thirtieth of the window) late.
/// </summary>
/// <remarks>
/// <para>
/// A caller's block has one number that grows by each charge, and of each slice of time what that number was when the slice began. What counts is the
/// difference to the beginning of the oldest slice that touches the window. So a charge is one compare-and-swap of the number. The first to come in
/// a slice notes its beginning before it charges, so no charge is ever taken for an older one.
/// </para>
/// <code>
///   number: generation 31 bits | 0 | count 31
///   slice:  0 | slice 32 | count 31; or less than 0 for none
/// </code>
/// <para>
/// A slice's number comes again after 2^32 slices, which are 4 years for a window of a second: a beginning that old may count for one window.
/// What is given back has to be of the newest slice: what was charged in one that is over stays charged. The usual counter of two windows with a weighted
/// sum is smaller, but is right only for even traffic.
/// </para>
/// </remarks>
internal sealed class SlicedWindow : Limiter
{
    /// <summary>Into how many slices the window is cut.</summary>
    public const int Slices = 30;

    private const int Kept = Slices + 1;
    private const int CountBits = 31;
    private const long CountMask = (1L << CountBits) - 1;
    private const int GenerationShift = 32;

    private readonly Ticks _ticks;
    private readonly CallerBlocks _blocks;
    private readonly long _count;
    private readonly long _slice;

    /// <summary>A limit of <paramref name="rate"/>, with memory for its slices.</summary>
    public SlicedWindow(Rate rate, TimeProvider time, CallerBlocks blocks)
        : base(time)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rate.Count, CountMask / 2);
        _ticks = new Ticks(time.TimestampFrequency);
        _blocks = blocks;
        _count = rate.Count;
        _slice = ((long)(rate.Window.TotalSeconds * time.TimestampFrequency) + Slices - 1) / Slices;
    }

    /// <inheritdoc/>
    public override long Most => _count;

    /// <inheritdoc/>
    public override bool TryPeek(ref CallerEntry entry, ulong number, int cost, out LimitAnswer answer)
    {
        while (_blocks.TryGet(ref entry, number, out var state, out var block))
        {
            var (total, now) = (Volatile.Read(ref block[0]), Now);
            answer = AnswerOf(block, total, now, Sum(block, total, now / _slice), cost);
            if (Volatile.Read(ref entry.State) == state)
            {
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
            var (total, now) = (Volatile.Read(ref block[0]), Now);
            var back = (int)Math.Clamp(InNewest(block, total, now), 0, cost);
            if (Volatile.Read(ref entry.State) != state)
            {
                continue;
            }

            if (Interlocked.CompareExchange(ref block[0], Plus(total, -back), total) != total)
            {
                continue;
            }

            // A slice that began meanwhile may have noted the number of before: then it has to be that again.
            for (var (seen, then) = (Volatile.Read(ref block[0]), Now);
                 back > 0 && seen >>> GenerationShift == total >>> GenerationShift && InNewest(block, seen, then) < 0;
                 seen = Volatile.Read(ref block[0]))
            {
                if (Interlocked.CompareExchange(ref block[0], Plus(seen, back), seen) == seen)
                {
                    break;
                }
            }

            return true;
        }

        return false;
    }

    /// <inheritdoc/>
    public override bool TryBegin(long used, out long state)
    {
        if (!_blocks.TryRent(1 + Kept, forNewcomer: true, out state))
        {
            return false;
        }

        var block = _blocks[state];
        var (generation, slice) = (CallerBlocks.GenerationOf(state), Now / _slice);
        block[1..].Fill(-generation);
        block[PlaceOf(slice)] = Beginning(slice, 0);
        block[0] = (generation << GenerationShift) | used;
        return true;
    }

    /// <inheritdoc/>
    public override long UntilIdle(long state, long now)
    {
        var block = _blocks[state];
        var total = Volatile.Read(ref block[0]);
        var sum = Sum(block, total, now / _slice);
        return sum + LeastLeft > _count ? long.MaxValue
            : sum > 0 ? UntilAtMost(block, total, now, 0)
            : Newest(block) - (now / _slice);
    }

    /// <inheritdoc/>
    public override void End(long state) => _blocks.Return(state);

    /// <inheritdoc/>
    protected override bool TryCharge(ref CallerEntry entry, ulong number, int cost, out LimitAnswer answer)
    {
        while (_blocks.TryGet(ref entry, number, out var state, out var block))
        {
            var (total, now) = (Volatile.Read(ref block[0]), Now);
            var slice = now / _slice;
            ref var beginning = ref block[PlaceOf(slice)];
            var noted = Volatile.Read(ref beginning);
            if (Volatile.Read(ref entry.State) != state)
            {
                continue;
            }

            if (!IsOf(noted, slice))
            {
                // It is older, not of a later slice that has begun while this thread was held up: it is still this one.
                if (Now / _slice == slice)
                {
                    Interlocked.CompareExchange(ref beginning, Beginning(slice, total), noted);
                }

                continue;
            }

            // Summed once: while this thread is held up, others may begin slices in the place of the oldest.
            var sum = Sum(block, total, slice);
            if (sum + cost > _count)
            {
                answer = AnswerOf(block, total, now, sum, cost);
                return true;
            }

            if (Interlocked.CompareExchange(ref block[0], Plus(total, cost), total) == total)
            {
                answer = new LimitAnswer(true, _count - sum - cost, TimeSpan.Zero, _ticks.ToTime((ulong)(((slice + Kept) * _slice) - now)));
                return true;
            }
        }

        answer = default;
        return false;
    }

    private static long Beginning(long slice, long total) => ((slice << CountBits) & long.MaxValue) | (total & CountMask);

    private static bool IsOf(long beginning, long slice) => beginning >= 0 && ((beginning >> CountBits) ^ slice) << 32 == 0;

    private static long Plus(long total, int count) => (total & ~CountMask) | ((total + count) & CountMask);

    /// <summary>What was charged since; less than nothing where that beginning was noted before something was given back.</summary>
    private static long Since(long beginning, long total) => (int)((uint)(total - beginning) << 1) >> 1;

    private static long Newest(Span<long> block)
    {
        var newest = 0L;
        foreach (ref var beginning in block[1..])
        {
            newest = Math.Max(newest, Volatile.Read(ref beginning) >> CountBits);
        }

        return newest;
    }

    private static int PlaceOf(long slice) => 1 + (int)((ulong)slice % Kept);

    private static int After(int place) => place == Kept ? 1 : place + 1;

    private static long Sum(Span<long> block, long total, long slice)
    {
        // Behind the place of this slice is that of the oldest one that counts.
        var place = PlaceOf(slice);
        for (var at = slice - Slices; at <= slice; at++)
        {
            place = After(place);
            var beginning = Volatile.Read(ref block[place]);
            if (IsOf(beginning, at))
            {
                return Since(beginning, total);
            }
        }

        return 0;
    }

    /// <summary>What was charged in the newest slice in which anything was.</summary>
    private long InNewest(Span<long> block, long total, long now)
    {
        var slice = now / _slice;
        for (var at = slice; at >= 0 && at > slice - Kept; at--)
        {
            var beginning = Volatile.Read(ref block[PlaceOf(at)]);
            if (IsOf(beginning, at))
            {
                return Since(beginning, total);
            }
        }

        return 0;
    }

    /// <summary>How long until no more than <paramref name="most"/> count, if nobody comes: the oldest slices go first.</summary>
    private long UntilAtMost(Span<long> block, long total, long now, long most)
    {
        var (slice, last) = (now / _slice, -1L);
        var place = PlaceOf(slice);
        for (var at = slice - Slices; at <= slice; at++)
        {
            place = After(place);
            var beginning = Volatile.Read(ref block[place]);
            if (IsOf(beginning, at))
            {
                if (Since(beginning, total) <= most)
                {
                    break;
                }

                last = at;
            }
        }

        return last < 0 ? 0 : ((last + Kept) * _slice) - now;
    }

    private LimitAnswer AnswerOf(Span<long> block, long total, long now, long sum, int cost)
    {
        var left = Math.Clamp(_count - sum, 0, _count);
        return new LimitAnswer(
            left >= cost,
            left,
            left >= cost ? TimeSpan.Zero : _ticks.ToTime((ulong)UntilAtMost(block, total, now, _count - cost)),
            _ticks.ToTime((ulong)UntilAtMost(block, total, now, 0)));
    }
}

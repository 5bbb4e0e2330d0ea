using LoadBalancer.Configuration;

namespace LoadBalancer.Limits;

/// <summary>
/// At most N in any window of a length, wherever it begins, for an N up to <see cref="MostTimes"/>: exact, by the time of each of the last N. More are
/// for <see cref="SlicedWindow"/>.
/// </summary>
/// <remarks>
/// <para>
/// A caller's state is a block of <see cref="CallerBlocks"/>: a head, and then a ring of times. It has room for three times at first, and for more when more are
/// within one window. A charge replaces a time that is a window old by now, with a compare-and-swap. So each of at most N places has at most one time
/// in any window, whatever threads do at once: that is the limit. The head says which place is the oldest. It is a hint that
/// every thread helps to move on, and never more than one place behind; wrong, it costs a look.
/// </para>
/// <code>
///   head: generation 31 bits | returns 10 | moves 11 | disordered 1 | index of the oldest 10
///   ring: time + 1, or less than 0 for none: the generation with its sign turned, so that no two users of a block have the same none
/// </code>
/// <para>
/// A cost of several takes as many places, one after the other, and gives them back if others were faster and there are too few: two that want
/// the last places at the same time may both be refused. What is given back is always what was charged last. If more was charged meanwhile, the right number
/// goes back, but what stays is older than it should be by the moments between. A place that comes free so may be one in the middle: the ring
/// is marked as disordered, and searched until it is found to be in order, which is the next time but for a race.
/// </para>
/// <para>
/// Where the memory is used up, a caller's ring does not grow, and it is refused before it has used N.
/// </para>
/// </remarks>
internal sealed class SlidingWindow : Limiter
{
    /// <summary>The most that are kept one by one.</summary>
    public const int MostTimes = 1000;

    private const int Header = 1;
    private const int IndexMask = (1 << 10) - 1;
    private const long Disordered = 1 << 10;
    private const long OneMove = 1 << 11;
    private const long MovesMask = ((1L << 11) - 1) << 11;
    private const long OneReturn = 1 << 22;
    private const long ReturnsMask = ((1L << 10) - 1) << 22;
    private const int GenerationShift = 32;
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

    private enum Taken
    {
        One,
        None,
        Elsewhere,
    }

    /// <inheritdoc/>
    public override long Most => _count;

    /// <inheritdoc/>
    public override bool TryPeek(ref CallerEntry entry, ulong number, int cost, out LimitAnswer answer)
    {
        while (_blocks.TryGet(ref entry, number, out var state, out var block))
        {
            var ring = RingOf(block);
            var (head, now) = (Volatile.Read(ref block[0]), Now);
            var free = Free(ref block[0], ring, head, now);
            if (free >= 0 && Volatile.Read(ref entry.State) == state)
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
            var ring = RingOf(block);
            while (cost > 0)
            {
                var (head, now) = (Volatile.Read(ref block[0]), Now);
                if (Free(ref block[0], ring, head, now) < 0)
                {
                    continue;
                }

                var newest = Newest(ring, head);
                var time = Volatile.Read(ref ring[newest]);
                if (!Counts(time, now))
                {
                    // Another gives back as well, and the head does not say so yet.
                    newest = Newest(ring, head | Disordered);
                    time = Volatile.Read(ref ring[newest]);
                }

                if (Volatile.Read(ref entry.State) != state)
                {
                    break;
                }

                if (!Counts(time, now))
                {
                    return true;
                }

                if (Interlocked.CompareExchange(ref ring[newest], NoTime(head), time) == time)
                {
                    cost--;
                    Disorder(ref block[0], head, newest, ring.Length);
                }
            }

            if (cost == 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public override bool TryBegin(long used, out long state)
    {
        if (!_blocks.TryRent(Header + (int)Math.Max(1, used), forNewcomer: true, out state))
        {
            return false;
        }

        var block = _blocks[state];
        var now = Now;
        Clear(block, state);
        RingOf(block)[..(int)used].Fill(now + 1);
        block[0] |= (long)((int)used % RingOf(block).Length);
        return true;
    }

    /// <inheritdoc/>
    public override long UntilIdle(long state, long now)
    {
        var block = _blocks[state];
        var ring = RingOf(block);
        int free;
        long head;
        do
        {
            head = Volatile.Read(ref block[0]);
            free = Free(ref block[0], ring, head, now);
        }
        while (free < 0);
        return free + _count - ring.Length < Math.Min(LargestCost, _count)
            ? long.MaxValue
            : Volatile.Read(ref ring[Newest(ring, head)]) is var newest && newest > 0 ? newest - 1 + _window - now : long.MinValue;
    }

    /// <inheritdoc/>
    public override void End(long state) => _blocks.Return(state);

    /// <inheritdoc/>
    protected override bool TryCharge(ref CallerEntry entry, ulong number, int cost, out LimitAnswer answer)
    {
        var tries = 0;
        while (_blocks.TryGet(ref entry, number, out var state, out var block))
        {
            var ring = RingOf(block);
            var (head, now) = (Volatile.Read(ref block[0]), Now);
            var free = Free(ref block[0], ring, head, now);
            if (free < 0 || Volatile.Read(ref entry.State) != state)
            {
                continue;
            }

            if (free >= cost && tries++ < MostTries)
            {
                var taken = 0;
                var one = Taken.One;
                while (taken < cost && (one = TakeOne(ref entry, state, block, now)) == Taken.One)
                {
                    taken++;
                }

                if (taken == cost)
                {
                    answer = new LimitAnswer(true, free + _count - ring.Length - cost, TimeSpan.Zero, _ticks.ToTime((ulong)_window));
                    return true;
                }

                // Others were faster, or the ring has just moved to where there is more room.
                if (taken > 0)
                {
                    TryReturn(ref entry, number, taken);
                }

                continue;
            }

            var left = free + _count - ring.Length;
            if (free >= cost || left < cost)
            {
                answer = AnswerOf(ring, head, free, Math.Min(left, cost - 1), cost, now);
                return true;
            }

            if (!TryGrow(ref entry, state, block, ring.Length - free + cost))
            {
                answer = AnswerOf(ring, head, free, free, cost, now);
                return true;
            }
        }

        answer = default;
        return false;
    }

    private static int After(int index, int length) => index + 1 == length ? 0 : index + 1;

    private static int Before(int index, int length) => index == 0 ? length - 1 : index - 1;

    private static long NoTime(long head) => -(head >>> GenerationShift);

    private static bool TryMove(ref long head, long seen, int index)
    {
        var next = (seen & ~(IndexMask | MovesMask)) | ((seen + OneMove) & MovesMask) | (long)index;
        return Interlocked.CompareExchange(ref head, next, seen) == seen;
    }

    /// <summary>Marks the ring, in which a place has come free, or was taken that is not where the next would be expected.</summary>
    private static void Disorder(ref long head, long seen, int free, int length)
    {
        // Not where the block has gone to another meanwhile.
        for (var now = Volatile.Read(ref head); now >>> GenerationShift == seen >>> GenerationShift; now = Volatile.Read(ref head))
        {
            var index = (int)now & IndexMask;
            var next = (now & ~(IndexMask | ReturnsMask)) | ((now + OneReturn) & ReturnsMask) | Disordered | (long)(Before(index, length) == free ? free : index);
            if (Interlocked.CompareExchange(ref head, next, now) == now)
            {
                return;
            }
        }
    }

    private static int Newest(Span<long> ring, long head)
    {
        var newest = Before((int)head & IndexMask, ring.Length);
        if ((head & Disordered) != 0)
        {
            for (var index = 0; index < ring.Length; index++)
            {
                newest = Volatile.Read(ref ring[index]) > Volatile.Read(ref ring[newest]) ? index : newest;
            }
        }

        return newest;
    }

    private static void Clear(Span<long> block, long state)
    {
        var generation = CallerBlocks.GenerationOf(state);
        block[Header..].Fill(-generation);
        block[0] = generation << GenerationShift;
    }

    private Span<long> RingOf(Span<long> block) => block.Slice(Header, Math.Min(_count, block.Length - Header));

    private bool Counts(long time, long now) => time > 0 && now - (time - 1) < _window;

    /// <summary>How many places are free; less than 0 where the head was behind, and the caller looks again.</summary>
    private int Free(ref long head, Span<long> ring, long seen, long now)
    {
        if ((seen & Disordered) != 0)
        {
            return FreeInDisorder(ref head, ring, seen, now);
        }

        var index = (int)seen & IndexMask;
        if (Counts(Volatile.Read(ref ring[index]), now))
        {
            var next = After(index, ring.Length);
            if (next == index || Counts(Volatile.Read(ref ring[next]), now))
            {
                return 0;
            }

            TryMove(ref head, seen, next);
            return -1;
        }

        // In the order of age, beginning at the oldest, all that are free come first.
        var (free, most) = (1, ring.Length);
        while (free < most)
        {
            var middle = (free + most) >>> 1;
            var at = index + middle;
            if (Counts(Volatile.Read(ref ring[at < ring.Length ? at : at - ring.Length]), now))
            {
                most = middle;
            }
            else
            {
                free = middle + 1;
            }
        }

        return free;
    }

    private int FreeInDisorder(ref long head, Span<long> ring, long seen, long now)
    {
        var (free, last, ordered) = (0, 0L, true);
        for (var (at, index) = (0, (int)seen & IndexMask); at < ring.Length; at++, index = After(index, ring.Length))
        {
            var time = Volatile.Read(ref ring[index]);
            if (!Counts(time, now))
            {
                free++;
                ordered &= last == 0;
            }
            else
            {
                ordered &= time >= last;
                last = time;
            }
        }

        if (ordered)
        {
            Interlocked.CompareExchange(ref head, seen & ~Disordered, seen);
        }

        return free;
    }

    private Taken TakeOne(ref CallerEntry entry, long state, Span<long> block, long now)
    {
        var ring = RingOf(block);
        while (true)
        {
            var head = Volatile.Read(ref block[0]);
            var index = (int)head & IndexMask;
            var time = Volatile.Read(ref ring[index]);
            if (Counts(time, now))
            {
                var next = After(index, ring.Length);
                if (!Counts(Volatile.Read(ref ring[next]), now))
                {
                    TryMove(ref block[0], head, next);
                    continue;
                }

                return (head & Disordered) != 0 ? TakeAny(ref entry, state, ring, now) : Taken.None;
            }

            // As long as the entry holds the block, what was read from it is this caller's.
            if (Volatile.Read(ref entry.State) != state)
            {
                return Taken.Elsewhere;
            }

            if (Interlocked.CompareExchange(ref ring[index], now + 1, time) == time)
            {
                if (!TryMove(ref block[0], head, After(index, ring.Length)) && ((Volatile.Read(ref block[0]) ^ head) & ReturnsMask) != 0)
                {
                    Disorder(ref block[0], head, -1, ring.Length);
                }

                return Taken.One;
            }
        }
    }

    private Taken TakeAny(ref CallerEntry entry, long state, Span<long> ring, long now)
    {
        foreach (ref var place in ring)
        {
            var time = Volatile.Read(ref place);
            if (!Counts(time, now))
            {
                if (Volatile.Read(ref entry.State) != state)
                {
                    return Taken.Elsewhere;
                }

                if (Interlocked.CompareExchange(ref place, now + 1, time) == time)
                {
                    return Taken.One;
                }
            }
        }

        return Taken.None;
    }

    /// <summary>Moves the times to a block with room for <paramref name="wanted"/>. False where there is none; true also where another thread has moved them.</summary>
    private bool TryGrow(ref CallerEntry entry, long state, Span<long> block, int wanted)
    {
        var ring = RingOf(block);
        if (!_blocks.TryRent(Header + Math.Min(_count, Math.Max(wanted, 2 * ring.Length)), forNewcomer: false, out var larger))
        {
            return false;
        }

        if (Interlocked.CompareExchange(ref entry.State, CallerEntry.Growing, state) != state)
        {
            _blocks.Return(larger);
            return true;
        }

        var to = _blocks[larger];
        Clear(to, larger);
        var times = RingOf(to);
        var (now, kept) = (Now, 0);
        foreach (ref var place in ring)
        {
            // Who has read the place and not yet changed it will find that it cannot.
            var time = Interlocked.Exchange(ref place, long.MinValue);
            if (Counts(time, now))
            {
                times[kept++] = time;
            }
        }

        times[..kept].Sort();
        to[0] |= (long)kept % times.Length;
        Volatile.Write(ref entry.State, larger);
        _blocks.Return(state);
        return true;
    }

    private LimitAnswer AnswerOf(Span<long> ring, long head, int free, int left, int cost, long now)
    {
        // As many of the oldest that count have to go as are missing.
        var wait = left >= cost ? 0 : UntilGone(Volatile.Read(ref ring[(((int)head & IndexMask) + free + cost - left - 1) % ring.Length]), now);
        var all = UntilGone(Volatile.Read(ref ring[Newest(ring, head)]), now);
        return new LimitAnswer(left >= cost, left, _ticks.ToTime((ulong)wait), _ticks.ToTime((ulong)Math.Max(wait, all)));
    }

    private long UntilGone(long time, long now) => Counts(time, now) ? _window - (now - (time - 1)) : 0;
}

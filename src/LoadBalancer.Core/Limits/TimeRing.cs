namespace LoadBalancer.Limits;

/// <summary>
/// The times of one caller's charges, as <see cref="SlidingWindow"/> has found them: a head, and then a ring of places. What is said here is true for as long as the
/// caller's entry holds the block; nothing is changed in one that it holds no more.
/// </summary>
/// <remarks>
/// <code>
///   head:  generation 31 bits | returns 10 | moves 11 | disordered 1 | index of the oldest 10
///   place: time + 1, or less than 0 for none: the generation with its sign turned, so that no two users of a block have the same none
/// </code>
/// The head says which place is the oldest. It is a hint that every thread helps to move on, and never more than one place behind; wrong, it costs a look. Beginning
/// there, the places are in the order of age, those of no time first, unless the ring is marked as disordered: then they are searched.
/// </remarks>
internal readonly ref struct TimeRing
{
    private const int IndexMask = (1 << 10) - 1;
    private const long Disordered = 1 << 10;
    private const long OneMove = 1 << 11;
    private const long MovesMask = ((1L << 11) - 1) << 11;
    private const long OneReturn = 1 << 22;
    private const long ReturnsMask = ((1L << 10) - 1) << 22;
    private const int GenerationShift = 32;

    private readonly ref long _head;
    private readonly ref CallerEntry _entry;
    private readonly Span<long> _places;
    private readonly long _state;
    private readonly long _window;

    /// <summary>The ring in a block.</summary>
    /// <param name="block">The block.</param>
    /// <param name="most">The most places that it needs.</param>
    /// <param name="window">For how long a time counts.</param>
    /// <param name="entry">The caller's entry; a null reference where nothing is to be changed.</param>
    /// <param name="state">What the entry is when it holds the block.</param>
    public TimeRing(Span<long> block, int most, long window, ref CallerEntry entry, long state)
    {
        _head = ref block[0];
        _entry = ref entry;
        _places = block.Slice(Header, Math.Min(most, block.Length - Header));
        _state = state;
        _window = window;
    }

    /// <summary>Numbers of a block that are no places.</summary>
    public static int Header => 1;

    /// <summary>How many places there are.</summary>
    public int Length => _places.Length;

    /// <summary>The head now.</summary>
    public long Head => Volatile.Read(ref _head);

    /// <summary>True where the entry still holds the block.</summary>
    public bool IsHeld => Volatile.Read(ref _entry.State) == _state;

    /// <summary>Makes it a ring of these times, and no more, whatever was in the block. For one who alone has it.</summary>
    public void Begin(ReadOnlySpan<long> times)
    {
        var generation = CallerBlocks.GenerationOf(_state);
        times.CopyTo(_places);
        _places[times.Length..].Fill(-generation);
        _head = (generation << GenerationShift) | (long)(times.Length % Length);
    }

    /// <summary>Takes all times out for good, and gives those that count, the oldest first. Who has read a place and not yet changed it will find that it cannot.</summary>
    public int Empty(Span<long> times, long now)
    {
        var kept = 0;
        foreach (ref var place in _places)
        {
            var time = Interlocked.Exchange(ref place, long.MinValue);
            if (Counts(time, now))
            {
                times[kept++] = time;
            }
        }

        times[..kept].Sort();
        return kept;
    }

    /// <summary>How many places are free; less than 0 where the head was behind: it is no more, and the caller looks again.</summary>
    public int Free(long head, long now)
    {
        if ((head & Disordered) != 0)
        {
            return FreeInDisorder(head, now);
        }

        var index = (int)head & IndexMask;
        if (Counts(At(index), now))
        {
            var next = After(index);
            if (next == index || Counts(At(next), now))
            {
                return 0;
            }

            TryMove(head, next);
            return -1;
        }

        var (free, most) = (1, Length);
        while (free < most)
        {
            var middle = (free + most) >>> 1;
            if (Counts(At(index + middle < Length ? index + middle : index + middle - Length), now))
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

    /// <summary>How long until so many of the oldest count no more; 0 where they do not.</summary>
    /// <param name="head">The head.</param>
    /// <param name="free">How many are free already.</param>
    /// <param name="more">How many more have to go.</param>
    /// <param name="now">The time.</param>
    public long UntilGone(long head, int free, int more, long now) => UntilGone(At((((int)head & IndexMask) + free + more - 1) % Length), now);

    /// <summary>How long until none counts any more; 0 where none does.</summary>
    public long UntilAllGone(long head, long now) => UntilGone(At(Newest(head)), now);

    /// <summary>For how long none has counted, with its sign turned; or how long until then.</summary>
    public long UntilIdle(long head, long now) => At(Newest(head)) is var newest and > 0 ? newest - 1 + _window - now : long.MinValue;

    /// <summary>Puts <paramref name="now"/> in a free place. False where there is none, or the block is not held any more.</summary>
    public bool TryTake(long now)
    {
        while (true)
        {
            var head = Head;
            var index = (int)head & IndexMask;
            var time = At(index);
            if (Counts(time, now))
            {
                var next = After(index);
                if (Counts(At(next), now))
                {
                    return (head & Disordered) != 0 && TryTakeAny(head, now);
                }

                TryMove(head, next);
                continue;
            }

            if (!IsHeld)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _places[index], now + 1, time) != time)
            {
                continue;
            }

            if (!TryMove(head, After(index)) && ((Head ^ head) & ReturnsMask) != 0)
            {
                // Something was given back meanwhile: this may not be where it would be looked for.
                Disorder(head, free: -1);
            }

            return true;
        }
    }

    /// <summary>Frees the place that was taken last. False where another was faster, or the block is not held any more; true also where there was none.</summary>
    /// <param name="now">The time.</param>
    /// <param name="wasEmpty">True where none was taken.</param>
    public bool TryReturn(long now, out bool wasEmpty)
    {
        wasEmpty = false;
        var head = Head;
        if (Free(head, now) < 0)
        {
            return false;
        }

        var newest = Newest(head);
        var time = At(newest);
        if (!Counts(time, now))
        {
            // Another gives back as well, and the head does not say so yet.
            newest = Newest(head | Disordered);
            time = At(newest);
        }

        if (!IsHeld)
        {
            return false;
        }

        if (!Counts(time, now))
        {
            // All were looked at, and nobody has taken or freed one meanwhile.
            wasEmpty = FreeInDisorder(head, now) == Length && Head == head;
            return wasEmpty;
        }

        if (Interlocked.CompareExchange(ref _places[newest], -(head >>> GenerationShift), time) != time)
        {
            return false;
        }

        Disorder(head, newest);
        return true;
    }

    private bool Counts(long time, long now) => time > 0 && now - (time - 1) < _window;

    private long UntilGone(long time, long now) => Counts(time, now) ? _window - (now - (time - 1)) : 0;

    private long At(int index) => Volatile.Read(ref _places[index]);

    private int After(int index) => index + 1 == Length ? 0 : index + 1;

    private int Before(int index) => index == 0 ? Length - 1 : index - 1;

    private bool TryMove(long head, int index)
    {
        var next = (head & ~(IndexMask | MovesMask)) | ((head + OneMove) & MovesMask) | (long)index;
        return Interlocked.CompareExchange(ref _head, next, head) == head;
    }

    /// <summary>Marks the ring, in which a place has come free, or one was taken that may not be where the next would be expected.</summary>
    private void Disorder(long seen, int free)
    {
        // Not where the block has gone to another meanwhile.
        for (var head = Head; head >>> GenerationShift == seen >>> GenerationShift; head = Head)
        {
            var index = (int)head & IndexMask;
            var next = (head & ~(IndexMask | ReturnsMask)) | ((head + OneReturn) & ReturnsMask) | Disordered | (long)(Before(index) == free ? free : index);
            if (Interlocked.CompareExchange(ref _head, next, head) == head)
            {
                return;
            }
        }
    }

    private int Newest(long head)
    {
        var newest = Before((int)head & IndexMask);
        if ((head & Disordered) != 0)
        {
            for (var index = 0; index < Length; index++)
            {
                newest = At(index) > At(newest) ? index : newest;
            }
        }

        return newest;
    }

    private int FreeInDisorder(long head, long now)
    {
        var (free, last, isOrdered) = (0, 0L, true);
        for (var (at, index) = (0, (int)head & IndexMask); at < Length; at++, index = After(index))
        {
            var time = At(index);
            if (!Counts(time, now))
            {
                free++;
                isOrdered &= last == 0;
            }
            else
            {
                isOrdered &= time >= last;
                last = time;
            }
        }

        if (isOrdered)
        {
            Interlocked.CompareExchange(ref _head, head & ~Disordered, head);
        }

        return free;
    }

    private bool TryTakeAny(long head, long now)
    {
        foreach (ref var place in _places)
        {
            var time = Volatile.Read(ref place);
            if (!Counts(time, now) && IsHeld && Interlocked.CompareExchange(ref place, now + 1, time) == time)
            {
                Disorder(head, free: -1);
                return true;
            }
        }

        return false;
    }
}

namespace LoadBalancer.SharedLimits;

/// <summary>
/// One lease: how many tokens are left of it and until when they may be used, in one number, so that neither is ever seen without the other.
/// Any thread may take; the rest is for the one that holds its cell's pen. A field of its cell and never copied.
/// </summary>
internal struct LeaseSlot
{
    /// <summary>The most that one lease holds.</summary>
    public const int MostTokens = (1 << (63 - TimeBits)) - 1;

    // Milliseconds of the process: 557 years.
    private const int TimeBits = 44;
    private const long TimeMask = (1L << TimeBits) - 1;

    private long _state;
    private long _mark;

    /// <summary>When it ends, or ended.</summary>
    public readonly long EndsAt => Volatile.Read(in _state) & TimeMask;

    /// <summary>What is left, whether it has ended or not.</summary>
    public readonly long Tokens => Volatile.Read(in _state) >> TimeBits;

    /// <summary>What is left and may be used.</summary>
    public readonly long UsableAt(long now)
    {
        var state = Volatile.Read(in _state);
        return (state & TimeMask) > now ? state >> TimeBits : 0;
    }

    /// <summary>Takes as many, where there are as many.</summary>
    public bool TryTake(int cost, long now)
    {
        var state = Volatile.Read(ref _state);
        while (state >> TimeBits >= cost && (state & TimeMask) > now)
        {
            var seen = Interlocked.CompareExchange(ref _state, state - ((long)cost << TimeBits), state);
            if (seen == state)
            {
                return true;
            }

            state = seen;
        }

        return false;
    }

    /// <summary>Begins another lease where this one is used up, or over.</summary>
    /// <param name="tokens">How many.</param>
    /// <param name="endsAt">When it ends.</param>
    /// <param name="mark">When it was charged, by the store's clock.</param>
    /// <param name="now">The time.</param>
    /// <param name="unused">What was left of the one before, which is over.</param>
    /// <param name="unusedMark">When that was charged.</param>
    public bool TryFill(long tokens, long endsAt, long mark, long now, out long unused, out long unusedMark)
    {
        unusedMark = _mark;
        if (UsableAt(now) > 0)
        {
            unused = 0;
            return false;
        }

        // Somebody who read the clock before the end may still take: what is left is what this finds.
        _mark = mark;
        unused = Interlocked.Exchange(ref _state, (tokens << TimeBits) | endsAt) >> TimeBits;
        return true;
    }

    /// <summary>Ends it, where it is over, and says what was left; at <see cref="long.MaxValue"/> any is.</summary>
    public long TakeBack(long now, out long mark)
    {
        mark = _mark;
        return Tokens > 0 && EndsAt <= now ? Interlocked.Exchange(ref _state, 0) >> TimeBits : 0;
    }
}

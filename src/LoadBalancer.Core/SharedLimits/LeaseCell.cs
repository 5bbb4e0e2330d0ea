using LoadBalancer.Limits;

namespace LoadBalancer.SharedLimits;

/// <summary>
/// What this process knows of one caller: what it has leased for it, whether the store has refused it, and how much it has used lately. Any
/// thread may take; leases are begun and ended by whoever holds the pen. Nothing in it is needed for a right answer: the store has the truth.
/// </summary>
/// <param name="number">The caller's number.</param>
/// <param name="text">What all instances know it by.</param>
/// <param name="key">Its key in the store.</param>
internal sealed class LeaseCell(ulong number, byte[] text, byte[] key)
{
    // A refusal is a cost and a time in one number, as a lease is.
    private const int TimeBits = 44;
    private const long TimeMask = (1L << TimeBits) - 1;
    private const long MicrosecondsPerMillisecond = 1000;

    private LeaseSlot _first;
    private LeaseSlot _second;
    private long _refusal;
    private long _allowedAt;
    private long _resetAt;
    private long _remaining;
    private long _renewBelow = -1;
    private long _renewAt = long.MaxValue;
    private int _pen;
    private int _inLine;

    // What demand is reckoned from: when it last asked for a lease, what it held then and was granted since, and what it took from the store directly since.
    private long _askedAt = long.MinValue / 2;
    private long _heldThen;
    private long _taken;

    // What requests gave back, since when, and what the store's clock is ahead of ours, in microseconds: 0 before it has answered.
    private long _returned;
    private long _returnedAt;
    private long _storeAhead;

    // What the store has not heard of yet, since it could not be asked, and when the earliest of it was charged.
    private long _kept;
    private long _keptMark = long.MaxValue;

    /// <summary>The caller's number.</summary>
    public ulong Number => number;

    /// <summary>The caller's key in the store.</summary>
    public ReadOnlyMemory<byte> Key => key;

    /// <summary>The caller, for whoever counts in the store's place.</summary>
    public LimitKey Caller => new(number, text);

    /// <summary>When it last asked the store.</summary>
    public long AskedAt => Volatile.Read(ref _askedAt);

    /// <summary>When the last of its leases ends, or ended.</summary>
    public long EndsAt => Math.Max(_first.EndsAt, _second.EndsAt);

    /// <summary>True while the store does not answer.</summary>
    public bool IsAlone { get; set; }

    /// <summary>True where there is something that may have to go back, now or later.</summary>
    public bool HasAny => _first.Tokens + _second.Tokens + Volatile.Read(ref _returned) + Volatile.Read(ref _kept) > 0;

    /// <summary>What is leased and may be used.</summary>
    public long HeldAt(long now) => _first.UsableAt(now) + _second.UsableAt(now);

    /// <summary>Takes as many of what is leased, of the lease that ends first.</summary>
    /// <param name="cost">How many.</param>
    /// <param name="now">The time.</param>
    public bool TryTake(int cost, long now) => _second.EndsAt < _first.EndsAt
        ? _second.TryTake(cost, now) || _first.TryTake(cost, now)
        : _first.TryTake(cost, now) || _second.TryTake(cost, now);

    /// <summary>True where it is time to ask for more, so that no request has to wait.</summary>
    public bool IsLow(long held, long now) => held <= Volatile.Read(ref _renewBelow) || now >= Volatile.Read(ref _renewAt);

    /// <summary>What is said of a request that took what was leased.</summary>
    public LimitAnswer Allowed(long held, long now) =>
        new(true, Volatile.Read(ref _remaining) + held, TimeSpan.Zero, Milliseconds(Volatile.Read(ref _resetAt) - now));

    /// <summary>True where the store has refused as much, and nothing can have changed but that others give back.</summary>
    public bool IsRefused(int cost, long now)
    {
        var refusal = Volatile.Read(ref _refusal);
        return (refusal & TimeMask) > now && cost >= refusal >> TimeBits;
    }

    /// <summary>What is said of such a request.</summary>
    public LimitAnswer Refused(long now) => new(
        false, Volatile.Read(ref _remaining), Milliseconds(Math.Max(1, Volatile.Read(ref _allowedAt) - now)), Milliseconds(Volatile.Read(ref _resetAt) - now));

    /// <summary>Remembers a refusal for a time; not one of more than a lease ever holds, which the number has no room for.</summary>
    public void Refuse(int cost, long until)
    {
        if (cost <= LeaseSlot.MostTokens)
        {
            Volatile.Write(ref _refusal, ((long)cost << TimeBits) | until);
        }
    }

    /// <summary>Puts down what a request gives back, for the store.</summary>
    public void Return(int cost, long now)
    {
        // Whoever collects in between reads an earlier time, and that is the safe side.
        if (Interlocked.Add(ref _returned, cost) == cost)
        {
            Volatile.Write(ref _returnedAt, now);
        }

        Volatile.Write(ref _refusal, 0);
    }

    /// <summary>Stands in the line of those whose leases will end; false where it does already.</summary>
    public bool TryStandInLine() => Interlocked.Exchange(ref _inLine, 1) == 0;

    /// <summary>Leaves the line.</summary>
    public void LeaveLine() => Volatile.Write(ref _inLine, 0);

    /// <summary>Takes the pen, where it is free.</summary>
    public bool TryBegin() => Volatile.Read(ref _pen) == 0 && Interlocked.CompareExchange(ref _pen, 1, 0) == 0;

    /// <summary>Lays down the pen.</summary>
    public void End() => Volatile.Write(ref _pen, 0);

    /// <summary>How many requests were allowed since this was asked last. With the pen.</summary>
    public long TakeUsed()
    {
        var held = _first.Tokens + _second.Tokens;
        var used = Math.Max(0, _heldThen - held) + Interlocked.Exchange(ref _taken, 0);
        _heldThen = held;
        return used;
    }

    /// <summary>How many to lease for the next <paramref name="length"/>, at the pace since a lease was asked for last; never more than twice what was used since. With the pen.</summary>
    /// <param name="used">How many were used since.</param>
    /// <param name="length">The length of a lease, in milliseconds.</param>
    /// <param name="now">The time.</param>
    public int Demand(long used, long length, long now)
    {
        var pace = (double)used / Math.Max(1, now - _askedAt);
        var more = (pace * length) - Usable(in _first, pace, now) - Usable(in _second, pace, now);
        return (int)Math.Clamp(more, 0, Math.Min(2 * used, LeaseSlot.MostTokens));
    }

    /// <summary>True where there is room for another lease; else it asks again when there is. With the pen.</summary>
    public bool HasRoom(long now)
    {
        if (_first.UsableAt(now) == 0 || _second.UsableAt(now) == 0)
        {
            return true;
        }

        var isFirstSooner = _first.EndsAt <= _second.EndsAt;
        Volatile.Write(ref _renewBelow, isFirstSooner ? _second.Tokens : _first.Tokens);
        Volatile.Write(ref _renewAt, isFirstSooner ? _first.EndsAt : _second.EndsAt);
        return false;
    }

    /// <summary>Asks for no more until the store has been asked for something else. With the pen.</summary>
    public void Rest()
    {
        Volatile.Write(ref _renewBelow, -1);
        Volatile.Write(ref _renewAt, long.MaxValue);
    }

    /// <summary>Collects what was not used: of leases that are over, and what requests gave back. With the pen.</summary>
    /// <param name="now">The time; <see cref="long.MaxValue"/> for all.</param>
    /// <param name="slack">How long before a request gave back it may have been charged, in milliseconds.</param>
    /// <param name="mark">The store's time at which the earliest of it was charged, or before.</param>
    public long TakeBack(long now, long slack, out long mark)
    {
        mark = long.MaxValue;
        var back = Add(_first.TakeBack(now, out var first), first, ref mark) + Add(_second.TakeBack(now, out var second), second, ref mark);
        _heldThen -= back;
        if (_kept > 0)
        {
            back += Add(_kept, _keptMark, ref mark);
            (_kept, _keptMark) = (0, long.MaxValue);
        }

        if (Volatile.Read(ref _returned) == 0)
        {
            return back;
        }

        var charged = ((Volatile.Read(ref _returnedAt) - slack) * MicrosecondsPerMillisecond) + _storeAhead;
        return back + Add(Interlocked.Exchange(ref _returned, 0), charged, ref mark);
    }

    /// <summary>Keeps what <see cref="TakeBack"/> gave and the store could not be told of, until the next time. With the pen.</summary>
    public void Keep(long back, long mark)
    {
        if (back > 0)
        {
            (_kept, _keptMark) = (_kept + back, Math.Min(_keptMark, mark));
        }
    }

    /// <summary>Notes what the store has said.</summary>
    public void Hear(in LeaseReply reply, int cost, long now)
    {
        IsAlone = false;
        Volatile.Write(ref _storeAhead, reply.Mark - (now * MicrosecondsPerMillisecond));
        Volatile.Write(ref _remaining, reply.Remaining);
        Volatile.Write(ref _resetAt, now + (reply.ResetUs / MicrosecondsPerMillisecond));
        if (reply.IsAllowed)
        {
            Interlocked.Add(ref _taken, cost);
        }
        else
        {
            Volatile.Write(ref _allowedAt, now + (reply.WaitUs / MicrosecondsPerMillisecond));
        }
    }

    /// <summary>Begins the lease that the store has granted, if any. With the pen.</summary>
    /// <param name="reply">What it said.</param>
    /// <param name="sent">When it was asked.</param>
    /// <param name="now">The time.</param>
    public void Begin(in LeaseReply reply, long sent, long now)
    {
        Volatile.Write(ref _askedAt, sent);
        if (reply.Granted > 0)
        {
            // The store charged it after it was asked, so by its clock the lease ends no earlier.
            var endsAt = sent + (reply.LeaseUs / MicrosecondsPerMillisecond);
            var began = _first.TryFill(reply.Granted, endsAt, reply.Mark, now, out var unused, out _)
                || _second.TryFill(reply.Granted, endsAt, reply.Mark, now, out unused, out _);

            // What was left of a lease that ended while the store was asked, or has no room: back with the next request.
            if (!began || unused > 0)
            {
                Return((int)(began ? unused : reply.Granted), sent);
            }

            _heldThen += began ? reply.Granted - unused : 0;

            Volatile.Write(ref _renewBelow, HeldAt(now) / 2);
            Volatile.Write(ref _renewAt, Math.Min(_first.UsableAt(now) > 0 ? Renewal(_first.EndsAt, now) : long.MaxValue, _second.UsableAt(now) > 0 ? Renewal(_second.EndsAt, now) : long.MaxValue));
        }
        else
        {
            Rest();
        }
    }

    private static long Renewal(long endsAt, long now) => endsAt - ((endsAt - now) / 4);

    private static double Usable(in LeaseSlot slot, double pace, long now) => Math.Min(slot.UsableAt(now), pace * Math.Max(0, slot.EndsAt - now));

    private static long Add(long back, long charged, ref long mark)
    {
        if (back > 0)
        {
            mark = Math.Min(mark, charged);
        }

        return back;
    }

    private static TimeSpan Milliseconds(long length) => TimeSpan.FromMilliseconds(Math.Max(0, length));
}

using System.Runtime.CompilerServices;

namespace LoadBalancer.Limits;

/// <summary>A rate that is counted in this process. Thread-safe, and bounded by the <see cref="LimitMemory"/> however many callers come.</summary>
internal sealed class LocalLimit : KeyedLimit
{
    private readonly Limiter _limiter;
    private readonly CallerTable _callers;
    private readonly TimeProvider _time;
    private CallerPool? _pool;
    private (LocalLimit Limit, long Adopted)[] _previous = [];

    /// <summary>A limit of which nobody has used anything.</summary>
    /// <param name="spec">The limit, of which the rule is a rate.</param>
    /// <param name="time">The clock.</param>
    /// <param name="memory">The memory of its callers; null for that of the process.</param>
    public LocalLimit(LimitSpec spec, TimeProvider time, LimitMemory? memory = null)
        : base(spec)
    {
        var share = new LimitMemoryShare(memory ?? LimitMemory.OfProcess);
        var rate = spec.Rule.Rate!.Value;
        _limiter = spec.Rule.Burst > 0 ? new TokenBucket(rate, spec.Rule.Burst, time)
            : rate.Count <= SlidingWindow.MostTimes ? new SlidingWindow(rate, time, new CallerBlocks(share))
            : new SlicedWindow(rate, time, new CallerBlocks(share));
        _callers = new CallerTable(_limiter, share);
        _time = time;
    }

    /// <inheritdoc/>
    public override long Keys => _callers.Count;

    /// <summary>How often a request was counted together with those of other callers: the memory was used up, and all within reach in the table were at their limit.</summary>
    public long Pooled => _callers.Pooled;

    /// <summary>How long what was used may count, at most.</summary>
    private TimeSpan Memory => Spec.Rule.Rate!.Value is var rate && Spec.Rule.Burst > 0
        ? rate.Window * ((double)Spec.Rule.Burst / rate.Count)
        : rate.Window * (1 + (1.0 / SlicedWindow.Slices));

    private CallerPool Pool => _pool ?? Interlocked.CompareExchange(ref _pool, new CallerPool(Spec.Rule, _time), null) ?? _pool;

    private LimitAnswer Unused => new(true, _limiter.Most, TimeSpan.Zero, TimeSpan.Zero);

    /// <summary>
    /// Goes on with what callers have used of another limit, whose place this one takes, for all or for those of a plan: what of it has not come back by the time
    /// a caller is seen here for the first time is charged as if it were used then, up to all that this one allows. Of several it is the one of which he has used most.
    /// </summary>
    /// <param name="previous">The limit, which may still be asked by requests of before.</param>
    public void Adopt(LocalLimit previous)
    {
        previous.Forget();
        var known = _previous;
        if (!known.Any(each => each.Limit == previous))
        {
            Volatile.Write(ref _previous, [.. known, (previous, _time.GetTimestamp())]);
        }
    }

    /// <inheritdoc/>
    public override ValueTask<LimitAnswer> TakeAsync(in LimitKey key, int cost) => new(Take(key, cost));

    /// <inheritdoc cref="TakeAsync"/>
    public LimitAnswer Take(in LimitKey key, int cost)
    {
        if (cost > _limiter.Most)
        {
            return NeverOf(Peek(key, 1));
        }

        var number = CallerTable.NumberOf(key.Number);
        var spin = default(SpinWait);
        while (true)
        {
            ref var entry = ref _callers.Find(number);
            if (!Unsafe.IsNullRef(ref entry))
            {
                if (_limiter.TryTake(ref entry, number, cost, out var answer))
                {
                    return answer;
                }

                spin.SpinOnce(sleep1Threshold: -1);
            }
            else if (!_callers.TryAdd(number, UsedBefore(key)))
            {
                return Pool.Take(number, cost);
            }
        }
    }

    /// <inheritdoc/>
    public override LimitAnswer Peek(in LimitKey key, int cost)
    {
        if (cost > _limiter.Most)
        {
            return NeverOf(Peek(key, 1));
        }

        var number = CallerTable.NumberOf(key.Number);
        var spin = default(SpinWait);
        while (true)
        {
            ref var entry = ref _callers.Find(number);
            if (Unsafe.IsNullRef(ref entry))
            {
                return PeekNewcomer(key, number, cost);
            }

            if (_limiter.TryPeek(ref entry, number, cost, out var answer))
            {
                return answer;
            }

            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    /// <inheritdoc/>
    public override void Return(in LimitKey key, int cost)
    {
        var number = CallerTable.NumberOf(key.Number);
        var spin = default(SpinWait);
        while (true)
        {
            // Who has no place gets nothing back: what it shares may since have been charged for others.
            ref var entry = ref _callers.Find(number);
            if (Unsafe.IsNullRef(ref entry) || _limiter.TryReturn(ref entry, number, cost))
            {
                return;
            }

            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    private LimitAnswer NeverOf(in LimitAnswer now) => now with { Allowed = false, Wait = Spec.Rule.Rate!.Value.Window };

    /// <summary>What would be said to one who is not remembered.</summary>
    private LimitAnswer PeekNewcomer(in LimitKey key, ulong number, int cost)
    {
        if (_pool is { } pool && !_callers.HasRoom(number))
        {
            return pool.Peek(number, cost);
        }

        var used = UsedBefore(key);
        if (used == 0)
        {
            return Unused;
        }

        if (!_limiter.TryBegin(used, out var state))
        {
            var (left, window) = (_limiter.Most - used, Spec.Rule.Rate!.Value.Window);
            return new LimitAnswer(left >= cost, left, left >= cost ? TimeSpan.Zero : window, window);
        }

        var entry = new CallerEntry { Number = number, State = state };
        _limiter.TryPeek(ref entry, number, cost, out var answer);
        _limiter.End(state);
        return answer;
    }

    /// <summary>What a caller that is new here has used of the limits before.</summary>
    private long UsedBefore(in LimitKey key)
    {
        var used = 0L;
        foreach (var (limit, _) in Forget())
        {
            used = Math.Max(used, limit._limiter.Most - limit.Peek(key, 1).Remaining);
        }

        return Math.Min(_limiter.Most, used);
    }

    /// <summary>Lets the limits before go once all that was used of them has come back; gives those that are left.</summary>
    private (LocalLimit Limit, long Adopted)[] Forget()
    {
        var known = Volatile.Read(ref _previous);
        foreach (var (limit, adopted) in known)
        {
            if (_time.GetElapsedTime(adopted) <= limit.Memory)
            {
                return known;
            }
        }

        // Not where another has been adopted meanwhile.
        return known.Length == 0 ? known : Interlocked.CompareExchange(ref _previous, [], known) == known ? [] : Volatile.Read(ref _previous);
    }
}

using LoadBalancer.Configuration;

namespace LoadBalancer.Limits;

/// <summary>
/// A rate that is sustained, and a burst on top of it: up to B at once, and then one whenever the rate has earned it. The
/// generic cell rate algorithm (ITU-T I.371) in whole numbers, so that nothing is lost to rounding however fast or slow.
/// </summary>
/// <remarks>
/// <para>
/// A caller's state is the time at which its bucket will be full again, in units in which a token is worth a whole number of them: a timestamp divided by
/// what the rate's count has of its own beside the window's length. For most rates, such as 5/min or 100/s, that is the timestamp itself.
/// </para>
/// <para>
/// It is kept modulo 2^64. A time that is over is far below now, until it comes round again: after 2^64 units, which are 584 years at 5/min and 213 days at 999/s. Who comes
/// back just then, for which the chance is less than one in a million, has fewer tokens for at most the time in which a bucket fills. Rates and bursts so large that it would be
/// more are counted in coarser units, in which a token may be longer by a millionth.
/// </para>
/// </remarks>
internal sealed class TokenBucket : Limiter
{
    private const ulong SecondsOfLong = 10UL * 365 * 86400;

    private readonly Ticks _ticks;
    private readonly int _burst;
    private readonly ulong _unitsPerTick;
    private readonly ulong _token;
    private readonly ulong _bucket;
    private readonly int _coarser;

    /// <summary>A bucket of <paramref name="burst"/> tokens on a clock of this frequency.</summary>
    public TokenBucket(Rate rate, int burst, TimeProvider time)
        : base(time)
    {
        _ticks = new Ticks(time.TimestampFrequency);
        _burst = burst;
        var window = (UInt128)(rate.Window.TotalSeconds * time.TimestampFrequency);
        var common = Common((ulong)rate.Count, (ulong)window);
        _unitsPerTick = (ulong)rate.Count / common;

        // Units that come round within years are made coarser until a bucket is less than a millionth of a round.
        var round = ((UInt128)1 << 64) / _unitsPerTick / (ulong)time.TimestampFrequency;
        var most = round > SecondsOfLong ? (ulong)long.MaxValue : ulong.MaxValue >> 20;
        while (((window / common) * (ulong)burst) >> _coarser > most)
        {
            _coarser++;
        }

        _token = (ulong)((window / common) + (((UInt128)1 << _coarser) - 1) >> _coarser);
        _bucket = _token * (ulong)burst;
    }

    /// <inheritdoc/>
    public override long Most => _burst;

    private ulong UnitsNow => UnitsOf(Now);

    /// <inheritdoc/>
    public override bool TryPeek(ref CallerEntry entry, ulong number, int cost, out LimitAnswer answer)
    {
        var state = Volatile.Read(ref entry.State);
        if (state == CallerEntry.Moved || Volatile.Read(ref entry.Number) != number)
        {
            answer = default;
            return false;
        }

        var missing = Missing(state, UnitsNow);
        answer = AnswerOf(missing, missing + (_token * (ulong)cost) <= _bucket, cost);
        return true;
    }

    /// <inheritdoc/>
    public override bool TryReturn(ref CallerEntry entry, ulong number, int cost)
    {
        while (true)
        {
            var state = Volatile.Read(ref entry.State);
            if (state == CallerEntry.Moved || Volatile.Read(ref entry.Number) != number)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref entry.State, StateOf((ulong)state - (_token * (ulong)cost)), state) == state)
            {
                return true;
            }
        }
    }

    /// <inheritdoc/>
    public override bool TryBegin(long used, out long state)
    {
        state = StateOf(UnitsNow + ((ulong)used * _token));
        return true;
    }

    /// <inheritdoc/>
    public override long UntilIdle(long state, long now)
    {
        var units = UnitsOf(now);
        var missing = Missing(state, units);
        return missing + (_token * (ulong)LeastLeft) > _bucket ? long.MaxValue : (long)((ulong)state - units);
    }

    /// <inheritdoc/>
    public override void End(long state)
    {
    }

    /// <inheritdoc/>
    protected override bool TryCharge(ref CallerEntry entry, ulong number, int cost, out LimitAnswer answer)
    {
        var price = _token * (ulong)cost;
        while (true)
        {
            // The state before the clock: then no time in it is later than now.
            var state = Volatile.Read(ref entry.State);
            if (state == CallerEntry.Moved || Volatile.Read(ref entry.Number) != number)
            {
                answer = default;
                return false;
            }

            var now = UnitsNow;
            var missing = Missing(state, now);
            if (missing + price > _bucket)
            {
                answer = AnswerOf(missing, allowed: false, cost);
                return true;
            }

            if (Interlocked.CompareExchange(ref entry.State, StateOf(now + missing + price), state) == state)
            {
                answer = AnswerOf(missing + price, allowed: true, cost);
                return true;
            }
        }
    }

    private ulong UnitsOf(long timestamp) =>
        _coarser == 0 ? (ulong)timestamp * _unitsPerTick : (ulong)(((UInt128)(ulong)timestamp * _unitsPerTick) >> _coarser);

    /// <summary>What is missing in the bucket; a time further ahead than it takes to fill it has come round.</summary>
    private ulong Missing(long state, ulong now) => (ulong)state - now is var missing && missing <= _bucket ? missing : 0;

    private LimitAnswer AnswerOf(ulong missing, bool allowed, int cost) => new(
        allowed,
        (long)((_bucket - missing) / _token),
        allowed ? TimeSpan.Zero : TimeOf(missing + (_token * (ulong)cost) - _bucket),
        TimeOf(missing));

    private TimeSpan TimeOf(ulong units) =>
        _ticks.ToTime(_unitsPerTick == 1 && _coarser == 0 ? units : (ulong)((((UInt128)units << _coarser) + _unitsPerTick - 1) / _unitsPerTick));

    // Two values of the table's are no times: they are those of a moment later.
    private static long StateOf(ulong time) => (long)time is var state && state is CallerEntry.Moved or CallerEntry.Growing ? state + 2 : state;

    private static ulong Common(ulong one, ulong other) => other == 0 ? one : Common(other, one % other);
}

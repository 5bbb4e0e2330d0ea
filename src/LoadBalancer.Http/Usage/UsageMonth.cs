using System.Collections.Concurrent;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.Usage;

/// <summary>What all callers have used in one month. Thread-safe; a caller that is known costs one look-up without a lock.</summary>
/// <param name="month">The month.</param>
/// <param name="since">Since when it is counted.</param>
internal sealed class UsageMonth(CalendarPeriod month, DateTimeOffset since)
{
    /// <summary>How many callers have a count of their own, about 40 MB where there are so many; who comes later is counted as <see cref="CallerName.Others"/>.</summary>
    public const int MostCallers = 100_000;

    /// <summary>A longer name is counted among the others: a token may say anything.</summary>
    public const int LongestName = 256;

    private readonly ConcurrentDictionary<CallerName, CallerUsage> _callers = [];
    private readonly long _earliest = month.Earliest.UtcTicks;
    private readonly long _ends = month.Ends.UtcTicks;
    private IReadOnlyDictionary<CallerName, UsageCounts>? _kept;
    private long _since = since.UtcTicks;
    private int _count;
    private bool _isChanged;
    private bool _isTakenUp;

    /// <summary>The month.</summary>
    public CalendarPeriod Month => month;

    /// <summary>Since when it is counted: of what was before, nothing is known.</summary>
    public DateTimeOffset Since => new(Volatile.Read(ref _since), TimeSpan.Zero);

    /// <summary>
    /// What earlier processes have kept of it, and is among the counts of its callers; null until it was added, and until then this must not take the place of that. It is for
    /// whoever keeps months.
    /// </summary>
    public IReadOnlyDictionary<CallerName, UsageCounts>? Kept
    {
        get => Volatile.Read(ref _kept);
        set => Volatile.Write(ref _kept, value);
    }

    /// <summary>True where what earlier processes have told others of it is among the counts of its callers, and it may be told. It is for whoever shares months.</summary>
    public bool IsTakenUp
    {
        get => Volatile.Read(ref _isTakenUp);
        set => Volatile.Write(ref _isTakenUp, value);
    }

    /// <summary>The callers, in no order.</summary>
    public IEnumerable<CallerUsage> Callers => _callers.Values;

    /// <summary>True until it is over. A clock that goes back does not begin another, unless it goes back so far that it is or was wrong.</summary>
    public bool Covers(DateTimeOffset now) => now.UtcTicks < _ends && now.UtcTicks >= _earliest;

    /// <summary>A caller's count.</summary>
    public CallerUsage Of(CallerName name)
    {
        if (_callers.TryGetValue(name, out var known))
        {
            return known;
        }

        // The two that stand for many are always there to be had.
        var isOne = name.Provider is not null;
        var fits = !isOne || ((name.Subject?.Length ?? 0) <= LongestName && (name.Plan?.Length ?? 0) <= LongestName && IsRoom());
        var mine = new CallerUsage(this, fits ? name : CallerName.Others);
        var found = _callers.GetOrAdd(mine.Name, mine);
        if (isOne && fits && found != mine)
        {
            // Two have come at once for the same caller.
            Interlocked.Decrement(ref _count);
        }

        return found;
    }

    /// <summary>Notes that something was counted.</summary>
    public void Change()
    {
        // All loops read it, and one of them writes it every few seconds.
        if (!Volatile.Read(ref _isChanged))
        {
            Volatile.Write(ref _isChanged, true);
        }
    }

    /// <summary>True where something was counted since the last time.</summary>
    public bool TakeChange() => Interlocked.Exchange(ref _isChanged, false);

    /// <summary>Takes note that it was counted earlier already, in another process.</summary>
    public void CountedSince(DateTimeOffset earlier) => Volatile.Write(ref _since, Math.Min(earlier.UtcTicks, Volatile.Read(ref _since)));

    // Who comes too late comes again and again: that must not be counted, or one day the sum is below zero.
    private bool IsRoom()
    {
        if (Volatile.Read(ref _count) >= MostCallers)
        {
            return false;
        }

        if (Interlocked.Increment(ref _count) <= MostCallers)
        {
            return true;
        }

        Interlocked.Decrement(ref _count);
        return false;
    }
}

using LoadBalancer.Configuration;

namespace LoadBalancer.Limits;

/// <summary>
/// What callers use of one limit's quota, from period to period. It belongs to the limit's name, plan and kind of period, and not to how many they
/// allow: it outlives reloads, and a quota that was raised or lowered goes on from what is used. Where the clock jumps by more than a period, the book of before stays
/// beside the present one, and is gone on with when the clock is back: nothing is forgotten because a clock was wrong. Thread-safe.
/// </summary>
/// <param name="limit">The limit's name.</param>
/// <param name="plan">The plan.</param>
/// <param name="kind">Days or months.</param>
internal sealed class QuotaCounts(string limit, string plan, QuotaPeriod kind)
{
    private readonly QuotaPeriod _kind = kind;
    private readonly Lock _turning = new();
    private QuotaBook _book = new(new CalendarPeriod(kind, DateTimeOffset.MinValue));
    private QuotaBook? _other;
    private bool _isChanged;

    /// <summary>The limit's name.</summary>
    public string Limit => limit;

    /// <summary>The plan.</summary>
    public string Plan => plan;

    /// <summary>The book of the latest period that somebody has asked for.</summary>
    public QuotaBook Book => Volatile.Read(ref _book);

    /// <summary>The book of <paramref name="now"/>; a new one where a period has begun.</summary>
    public QuotaBook At(DateTimeOffset now)
    {
        var book = Book;
        return book.Covers(now) ? book : Turn(now);
    }

    /// <summary>The books that are to be kept: that of <paramref name="now"/>, and the one that a clock which jumped has left.</summary>
    public IReadOnlyList<QuotaBook> Books(DateTimeOffset now)
    {
        // Rule zero: a lock, where all of it is written.
        lock (_turning)
        {
            var book = At(now);
            return _other is { } other ? [book, other] : [book];
        }
    }

    /// <summary>The book of a period; null where a later one has begun.</summary>
    public QuotaBook? Of(CalendarPeriod period, DateTimeOffset now)
    {
        // Rule zero: a lock, where a file is read.
        lock (_turning)
        {
            var book = At(now);
            if (book.Period == period)
            {
                return book;
            }

            if (period.Begins < book.Period.Begins)
            {
                return null;
            }

            if (_other?.Period == period)
            {
                return _other;
            }

            var ahead = new QuotaBook(period);
            if (ahead.Covers(now))
            {
                Volatile.Write(ref _book, ahead);
            }
            else
            {
                _other = ahead;
            }

            return ahead;
        }
    }

    /// <summary>Goes on with what callers have used of another quota in its period: of a caller's two counts the greater holds, so that nothing counts twice.</summary>
    public void Adopt(QuotaCounts previous, DateTimeOffset now)
    {
        if (previous == this || previous._kind != _kind)
        {
            return;
        }

        var book = At(now);
        foreach (var (digest, cell) in previous.At(now).Cells)
        {
            book.Raise(digest, cell.Used);
        }

        Change();
    }

    /// <summary>Notes that something was counted since <see cref="TakeChange"/>.</summary>
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

    // Which clock was wrong, this one or the one before, is seen only when it jumps again.
    private QuotaBook Turn(DateTimeOffset now)
    {
        // Rule zero: a lock, once in a period.
        lock (_turning)
        {
            var from = Book;
            if (from.Covers(now))
            {
                return from;
            }

            var to = _other is { } other && other.Covers(now) ? other : new QuotaBook(CalendarPeriod.Of(_kind, now));
            _other = from.Callers == 0 || from.Period.Ends == to.Period.Begins ? null : from;
            Volatile.Write(ref _book, to);
            return to;
        }
    }
}

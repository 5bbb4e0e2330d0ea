using LoadBalancer.Configuration;

namespace LoadBalancer.Limits;

/// <summary>
/// What callers use of one limit's quota, from period to period. It belongs to the limit's name, plan and kind of period, and not to how many they
/// allow: it outlives reloads, and a quota that was raised or lowered goes on from what is used. Thread-safe.
/// </summary>
/// <param name="limit">The limit's name.</param>
/// <param name="plan">The plan.</param>
/// <param name="kind">Days or months.</param>
internal sealed class QuotaCounts(string limit, string plan, QuotaPeriod kind)
{
    private readonly QuotaPeriod _kind = kind;
    private QuotaBook _book = new(new CalendarPeriod(kind, DateTimeOffset.MinValue));
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
        return book.IsOver(now) ? Turn(book, new QuotaBook(CalendarPeriod.Of(_kind, now))) : book;
    }

    /// <summary>The book of a period; null where a later one has begun.</summary>
    public QuotaBook? Of(CalendarPeriod period)
    {
        var book = Book;
        book = book.Period.Begins < period.Begins ? Turn(book, new QuotaBook(period)) : book;
        return book.Period == period ? book : null;
    }

    /// <summary>Goes on with what callers have used of another quota in its period: of a caller's two counts the greater holds, so that nothing counts twice.</summary>
    public void Adopt(QuotaCounts previous)
    {
        var from = previous.Book;
        if (previous == this || previous._kind != _kind || Of(from.Period) is not { } book)
        {
            return;
        }

        foreach (var (digest, cell) in from.Cells)
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

    private QuotaBook Turn(QuotaBook from, QuotaBook to)
    {
        while (true)
        {
            var seen = Interlocked.CompareExchange(ref _book, to, from);
            if (seen == from)
            {
                return to;
            }

            if (seen.Period.Begins >= to.Period.Begins)
            {
                return seen;
            }

            from = seen;
        }
    }
}

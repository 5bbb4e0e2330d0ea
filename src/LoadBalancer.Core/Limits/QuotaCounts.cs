using LoadBalancer.Configuration;

namespace LoadBalancer.Limits;

/// <summary>
/// What callers use of one limit's quota, from period to period. It belongs to the limit's name, plan and kind of period, and not to how many they
/// allow: it outlives reloads, and a quota that was raised or lowered goes on from what is used. The book of before stays beside the present one, and is gone on with when
/// the clock is back: nothing is forgotten because a clock was wrong. Thread-safe.
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

    /// <summary>The books that are to be kept: that of <paramref name="now"/>, and the one of before.</summary>
    public IReadOnlyList<QuotaBook> Books(DateTimeOffset now)
    {
        // Rule zero: a lock, where all of it is written.
        lock (_turning)
        {
            var book = At(now);
            return _other is { } other ? [book, other] : [book];
        }
    }

    /// <summary>The book of a period; null where it is further from <paramref name="now"/> than another that is kept beside the present one.</summary>
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

            if (_other?.Period == period)
            {
                return _other;
            }

            var found = new QuotaBook(period);
            if (book.Callers == 0 && found.Covers(now))
            {
                // A clock has gone back from it, and of this period nothing is known: it is not given.
                Volatile.Write(ref _book, found);
                return found;
            }

            if (_other is { Callers: > 0 } other && (other.Period.Begins - now).Duration() <= (period.Begins - now).Duration())
            {
                return null;
            }

            KeepBeside(found);
            return found;
        }
    }

    /// <summary>Goes on with what callers have used of another quota in its period: of a caller's two counts the greater holds, so that nothing counts twice.</summary>
    public void Adopt(QuotaCounts previous, DateTimeOffset now)
    {
        if (previous == this || previous._kind != _kind)
        {
            return;
        }

        foreach (var before in previous.Books(now))
        {
            if (before.Callers > 0)
            {
                Of(before.Period, now)?.Raise(before);
            }
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

            var before = _other;
            var to = before is not null && before.Covers(now) ? before : new QuotaBook(CalendarPeriod.Of(_kind, now));
            foreach (var ahead in (QuotaBook?[])[from, before])
            {
                // The clock was ahead, or is now behind: what was used meanwhile is not given again, and counts in both.
                if (ahead is not null && ahead.Period.Begins == to.Period.Ends)
                {
                    to.Raise(ahead);
                }
            }

            Volatile.Write(ref _book, to);
            KeepBeside(from.Callers > 0 ? from : to == before ? null : before);
            return to;
        }
    }

    private void KeepBeside(QuotaBook? other)
    {
        _other = other;
        if (other?.Period.Ends == _book.Period.Begins)
        {
            _book.FollowAnother();
        }
        else if (other?.Period.Begins == _book.Period.Ends)
        {
            other.FollowAnother();
        }
    }
}

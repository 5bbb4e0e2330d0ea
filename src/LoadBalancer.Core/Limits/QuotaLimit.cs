namespace LoadBalancer.Limits;

/// <summary>
/// A quota: at most so many in a calendar day or month in UTC, counted in this process and exact. All of it is there again at its date, and not before,
/// whatever the clock does. Bounded as <see cref="QuotaBook"/> is.
/// </summary>
/// <param name="spec">The limit, of which the rule is a quota.</param>
/// <param name="counts">What callers have used.</param>
/// <param name="time">The clock of dates.</param>
internal sealed class QuotaLimit(LimitSpec spec, QuotaCounts counts, TimeProvider time) : KeyedLimit(spec)
{
    private readonly QuotaCounts _counts = counts;
    private readonly long _most = spec.Rule.Quota!.Value.Count;

    /// <summary>A quota of which nothing is kept.</summary>
    public QuotaLimit(LimitSpec spec, TimeProvider time)
        : this(spec, new QuotaTable().Of(spec), time)
    {
    }

    /// <summary>Goes on with what callers have used of another quota, whose place this one takes for those of a plan.</summary>
    public void Adopt(QuotaLimit previous) => _counts.Adopt(previous._counts, time.GetUtcNow());

    /// <inheritdoc/>
    public override long Keys => _counts.Book.Callers;

    /// <inheritdoc/>
    public override ValueTask<LimitAnswer> TakeAsync(in LimitKey key, int cost)
    {
        var now = time.GetUtcNow();
        var book = _counts.At(now);
        var allowed = book.CellOf(key).TryTake(cost, _most, out var used);
        if (allowed)
        {
            _counts.Change();
        }

        return new(Answer(book, now, used, allowed));
    }

    /// <inheritdoc/>
    public override LimitAnswer Peek(in LimitKey key, int cost)
    {
        var now = time.GetUtcNow();
        var book = _counts.At(now);
        var used = book.Find(key)?.Used ?? 0;
        return Answer(book, now, used, used <= _most - cost);
    }

    /// <inheritdoc/>
    public override void Return(in LimitKey key, int cost)
    {
        _counts.At(time.GetUtcNow()).Find(key)?.Add(-cost);
        _counts.Change();
    }

    private LimitAnswer Answer(QuotaBook book, DateTimeOffset now, long used, bool allowed)
    {
        var left = book.Left(now);
        return new LimitAnswer(allowed, Math.Max(0, _most - used), allowed ? TimeSpan.Zero : left, left);
    }
}

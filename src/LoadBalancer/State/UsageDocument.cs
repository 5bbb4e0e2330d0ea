using LoadBalancer.Configuration;
using LoadBalancer.Http.Usage;
using LoadBalancer.Limits;

namespace LoadBalancer.Daemon.State;

/// <summary>What usage-MONTH.json holds, and what GET /usage answers: what callers have used in a month.</summary>
/// <param name="Version">The form of the document; this program reads and writes 1.</param>
/// <param name="Month">The month, <c>2026-11</c>, in UTC.</param>
/// <param name="Since">Since when it is counted.</param>
/// <param name="Until">Until when.</param>
/// <param name="Callers">The callers; in a file in no order.</param>
internal sealed record UsageDocument(int Version, string Month, DateTimeOffset Since, DateTimeOffset Until, IReadOnlyList<UsageRecord> Callers)
{
    /// <summary>The form that this program reads and writes.</summary>
    public const int Form = 1;

    /// <summary>How many instances have counted it.</summary>
    public int Instances { get; init; } = 1;

    /// <summary>False where the Redis that instances share could not be asked: then it is of this one alone.</summary>
    public bool Complete { get; init; } = true;

    /// <summary>What is counted of a month so far.</summary>
    public static UsageDocument Of(UsageMonth month, DateTimeOffset now) => new(
        Form, month.Month.ToString(), month.Since, now < month.Month.Ends ? now : month.Month.Ends, [.. month.Callers.Select(UsageRecord.Of).Where(record => record.Requests > 0)]);

    /// <summary>Looks whether it can be added; gives its month.</summary>
    /// <exception cref="FormatException">It makes no sense.</exception>
    public CalendarPeriod Check() =>
        CalendarPeriod.TryParse(Month, out var period) && period.Kind == QuotaPeriod.Month && Callers.All(record => record is { IsPossible: true })
            ? period
            : throw new FormatException("it has no month, or counts less than nothing");

    /// <summary>Adds all of it to what <paramref name="month"/> has counted, nothing where it is of another month; gives what was added to each caller.</summary>
    /// <exception cref="FormatException">It makes no sense, and nothing was added.</exception>
    public Dictionary<CallerName, UsageCounts> AddTo(UsageMonth month)
    {
        var added = new Dictionary<CallerName, UsageCounts>();
        if (Check() != month.Month)
        {
            return added;
        }

        month.CountedSince(Since);
        foreach (var record in Callers)
        {
            var caller = month.Of(record.Name);
            caller.Add(record.Counts);
            added[caller.Name] = added.GetValueOrDefault(caller.Name).And(record.Counts);
        }

        return added;
    }

    /// <summary>What was counted since <paramref name="before"/>.</summary>
    public UsageDocument After(UsageDocument? before)
    {
        var known = before?.Callers.ToDictionary(record => record.Name, record => record.Counts) ?? [];
        return this with { Callers = [.. Callers.Select(record => UsageRecord.Of(record.Name, record.Counts.Since(known.GetValueOrDefault(record.Name)))).Where(record => record.Requests > 0)] };
    }
}

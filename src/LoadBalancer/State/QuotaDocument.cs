using System.Globalization;
using LoadBalancer.Limits;

namespace LoadBalancer.Daemon.State;

/// <summary>What quotas.json holds.</summary>
/// <param name="Version">The form of the document; this program reads and writes 1.</param>
/// <param name="Quotas">What is used of each quota.</param>
internal sealed record QuotaDocument(int Version, IReadOnlyList<KeptQuota> Quotas)
{
    /// <summary>The form that this program reads and writes.</summary>
    public const int Form = 1;

    /// <summary>What is used now, of the present period and of the one that was before.</summary>
    public static QuotaDocument Of(QuotaTable table, DateTimeOffset now) => new(
        Form,
        [
            .. from counts in table.All
               from book in counts.Books(now)
               let callers = book.Cells.Select(cell => (Digest: Text(cell.Key), cell.Value.Used)).Where(cell => cell.Used > 0).ToDictionary(cell => cell.Digest, cell => cell.Used)
               where callers.Count > 0
               select new KeptQuota(counts.Limit, counts.Plan, book.Period.ToString(), callers),
        ]);

    /// <summary>Looks whether it can be added.</summary>
    /// <exception cref="FormatException">It makes no sense.</exception>
    public void Check()
    {
        foreach (var kept in Quotas)
        {
            Read(kept);
        }
    }

    /// <summary>Adds all of it to what <paramref name="table"/> has counted; of periods that are neither the present one nor the nearest beside it nothing is.</summary>
    /// <exception cref="FormatException">It makes no sense, and nothing was added.</exception>
    public void AddTo(QuotaTable table, DateTimeOffset now)
    {
        var read = Quotas.Select(Read).ToList();
        foreach (var (kept, period, callers) in read)
        {
            if (table.Of(kept.Limit, kept.Plan, period.Kind).Of(period, now) is { } book)
            {
                foreach (var (digest, used) in callers)
                {
                    book.Add(digest, used);
                }
            }
        }
    }

    /// <summary>What was used since <paramref name="before"/>.</summary>
    public QuotaDocument Since(QuotaDocument before)
    {
        var known = before.Quotas.ToDictionary(quota => (quota.Limit, quota.Plan, quota.Period), quota => quota.Callers);
        return new QuotaDocument(
            Form,
            [
                .. from quota in Quotas
                   let then = known.GetValueOrDefault((quota.Limit, quota.Plan, quota.Period))
                   let callers = quota.Callers.Select(caller => (caller.Key, Used: caller.Value - (then?.GetValueOrDefault(caller.Key) ?? 0))).Where(caller => caller.Used > 0)
                       .ToDictionary(caller => caller.Key, caller => caller.Used)
                   where callers.Count > 0
                   select quota with { Callers = callers },
            ]);
    }

    private static string Text(UInt128 digest) => digest.ToString("x32", CultureInfo.InvariantCulture);

    private static (KeptQuota Kept, CalendarPeriod Period, List<(UInt128 Digest, long Used)> Callers) Read(KeptQuota kept) =>
        kept is { Limit: not null, Plan: not null, Callers: not null } && CalendarPeriod.TryParse(kept.Period, out var period)
            ? (kept, period, [.. kept.Callers.Select(Read)])
            : throw new FormatException("an entry has no limit, plan, period or callers");

    private static (UInt128 Digest, long Used) Read(KeyValuePair<string, long> caller) =>
        UInt128.TryParse(caller.Key, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var digest) && caller.Value >= 0
            ? (digest, caller.Value)
            : throw new FormatException("a caller is no digest, or has used less than nothing");
}

using LoadBalancer.Configuration;
using LoadBalancer.Daemon.State;
using LoadBalancer.Limits;

namespace LoadBalancer.Daemon.Admin;

/// <summary>GET /usage?month=2026-11: what callers have used in a month, those with most requests first. It names callers, so not everybody may read it.</summary>
/// <param name="kept">What is counted and kept.</param>
/// <param name="shared">What other instances have counted.</param>
/// <param name="time">Says which month it is.</param>
internal sealed class UsageAction(KeptCounts kept, SharedUsage shared, TimeProvider time) : IAdminAction
{
    /// <inheritdoc/>
    public string Path => "/usage";

    /// <inheritdoc/>
    public IReadOnlyList<string> Parameters { get; } = ["month", "plan", "caller"];

    /// <inheritdoc/>
    public string Method => "GET";

    /// <inheritdoc/>
    public bool IsChange => false;

    /// <inheritdoc/>
    public async Task<AdminAnswer> RunAsync(AdminRequest request)
    {
        var month = CalendarPeriod.Of(QuotaPeriod.Month, time.GetUtcNow());
        if (request["month"] is { } asked && !(CalendarPeriod.TryParse(asked, out month) && month.Kind == QuotaPeriod.Month))
        {
            return AdminAnswer.Problem(400, $"'month' expects a month such as 2026-11, not {ScalarNode.Quote(asked)}");
        }

        if (await shared.AddAsync(month, kept.Of(month)) is not { } usage)
        {
            return AdminAnswer.Problem(404, kept.Keeps
                ? $"nothing is known of {month}: nothing was counted then, or it is more than {KeptCounts.MonthsKept} months ago"
                : $"nothing is known of {month}: without 'state.dir' usage is counted since the process started, and known of this month and the last");
        }

        var (plan, caller) = (request["plan"], request["caller"]);
        return AdminAnswer.Json(200, AdminJson.Format(usage with
        {
            Callers =
            [
                .. usage.Callers.Where(record => (plan is null || record.Plan == plan) && (caller is null || record.Subject == caller))
                    .OrderByDescending(record => record.Requests).ThenBy(record => record.Auth, StringComparer.Ordinal).ThenBy(record => record.Subject, StringComparer.Ordinal).ThenBy(record => record.Plan, StringComparer.Ordinal),
            ],
        }));
    }
}

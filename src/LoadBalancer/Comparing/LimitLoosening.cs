using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Limits;

namespace LoadBalancer.Daemon.Comparing;

/// <summary>Whether other limits and plans let callers do more than those before.</summary>
internal static class LimitLoosening
{
    /// <summary>Why another entry of <c>plans</c> does; null where it does not.</summary>
    public static string? OfPlan(string name, GatewayOptions before, GatewayOptions after)
    {
        var (was, now) = (before.Plans.GetValueOrDefault(name) ?? new PlanOptions(), after.Plans.GetValueOrDefault(name) ?? new PlanOptions());
        return (was.Concurrency is { } most && !(now.Concurrency <= most))
            || IsMore(was.Bandwidth, now.Bandwidth)
            || was.Quota.Any(quota => !now.Quota.Any(other => other.Period == quota.Period && other.Count <= quota.Count))
            || (RuleOf(was) is { } rule && (RuleOf(now) is not { } other || IsMore(rule, other)))
            ? "callers of the plan may do more" : null;
    }

    /// <summary>Why another entry of <c>rate_limits</c> does; null where it does not. That a route does not name it any more is told of the route.</summary>
    public static string? OfLimit(string name, GatewayOptions before, GatewayOptions after)
    {
        if (before.RateLimits.GetValueOrDefault(name) is not { } one || after.RateLimits.GetValueOrDefault(name) is not { } other)
        {
            return null;
        }

        if (IsMore(one.Bandwidth, other.Bandwidth))
        {
            return "callers may send or be sent more at a time";
        }

        if (one.Limit is not { } was || other.Limit is not { } now)
        {
            return one.Limit is null ? null : "callers may do more";
        }

        var plans = new[] { Plan.Default, Plan.Anonymous }.Concat(before.Plans.Keys).Concat(after.Plans.Keys).Concat(was.ByPlan.Keys).Concat(now.ByPlan.Keys);
        return one.Key != other.Key ? "callers are told apart otherwise"
            : plans.Any(plan => RuleOf(was, plan) is { } rule && (RuleOf(now, plan) is not { } next || IsMore(rule, next))) ? "callers may do more"
            : one.Mode != other.Mode && other.Mode == LimitMode.Local ? "each instance counts alone"
            : one.OnFailure != other.OnFailure && other.OnFailure != StoreFailure.Deny ? "callers may do more while the store cannot be asked"
            : null;
    }

    /// <summary>Why another <c>state</c> does; null where it does not.</summary>
    public static string? OfState(StateOptions before, StateOptions after) =>
        before.Redis is null ? null
        : after.Redis is null ? "each instance counts its limits alone"
        : before.OnFailure != after.OnFailure && after.OnFailure != StoreFailure.Deny ? "callers may do more while the store cannot be asked"
        : null;

    private static bool IsMore(BandwidthOptions? was, BandwidthOptions? now) => was is not null
        && (IsFaster(was.Request, now?.Request ?? 0) || IsFaster(was.Response, now?.Response ?? 0) || IsFaster(was.Burst, now?.Burst ?? 0));

    // 0 is for any.
    private static bool IsFaster(long was, long now) => was > 0 && (now == 0 || now > was);

    private static LimitRule? RuleOf(PlanOptions plan) => plan.Rate is { } rate ? new LimitRule { Rate = rate, Burst = plan.Burst ?? 0 } : null;

    private static LimitRule? RuleOf(LimitTable table, string plan) => table.All ?? (table.EntryOf(plan) is { } entry ? table.ByPlan[entry] : null);

    // More at once, more in the long run, or a bucket for a window: as much at once, and what it earns in the same window too. A rate and a quota cannot be compared.
    private static bool IsMore(LimitRule was, LimitRule now) =>
        was.Quota?.Period != now.Quota?.Period || now.Most > was.Most
        || (was.Rate is { } before && now.Rate is { } after
            && (PerSecond(after) > PerSecond(before) || (was.Burst == 0 && now.Burst > 0 && now.Burst + (after.Count * (before.Window / after.Window)) > before.Count + 1)));

    private static double PerSecond(Rate rate) => rate.Count / rate.Window.TotalSeconds;
}

using LoadBalancer.Configuration;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Http.Routing;
using LoadBalancer.Limits;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>What the keys of <c>plans</c>, of <c>rate_limits</c> and of the routes that name them cannot tell alone: who would be limited by nothing, or could never come.</summary>
/// <param name="options">What was read.</param>
/// <param name="root">Where it was read from, for the places.</param>
/// <param name="reader">Takes the errors.</param>
/// <param name="settings">Of a fragment the names are not all there.</param>
internal sealed class LimitChecks(GatewayOptions options, MapNode root, ConfigReader reader, LoadSettings settings)
{
    private static readonly string[] OfNobody = [Plan.Default, Plan.Anonymous];

    // What every plan has, as far as that was asked for.
    private readonly HashSet<int> _costs = [];

    private bool PlansAreKnown => !settings.Fragment && root.Find("plans")?.Value is null or MapNode or ScalarNode { IsEmpty: true };

    /// <summary>Checks plans, limits, and whose plans there are.</summary>
    public void Run()
    {
        foreach (var (name, plan) in options.Plans)
        {
            PlanIsPossible(name, plan);
            BandwidthIsSaid(plan.Bandwidth, "plans", name);
        }

        foreach (var (name, limit) in options.RateLimits)
        {
            KeyIsPossible(name, limit);
            SomethingIsSaid(name, limit);
            BandwidthIsSaid(limit.Bandwidth, "rate_limits", name);
            if (limit.Limit is { All: null } table && PlansAreKnown)
            {
                PlansAreDefined(name, table);
                EveryCallerHasARule(name, table);
            }
        }

        foreach (var (name, _) in options.Consumers.Where(consumer => consumer.Value.Plan == Plan.Anonymous))
        {
            reader.Error(root.Locate("consumers", name, "plan").Span, $"'{Plan.Anonymous}' is the plan of callers who are not known, and a consumer is: leave 'plan' out for '{Plan.Default}'");
        }

        if (PlansAreKnown && options.Plans.Count > 0)
        {
            foreach (var (name, consumer) in options.Consumers.Where(consumer => consumer.Value.Plan is { } plan and not Plan.Anonymous && !options.Plans.ContainsKey(plan)))
            {
                reader.Error(root.Locate("consumers", name, "plan").Span, NoPlan(consumer.Plan!));
            }
        }

        if (!settings.Fragment && reader.Errors.Count == 0)
        {
            SomethingIsLimited();
            StoreIsThere();
        }
    }

    /// <summary>Checks the limits of one route.</summary>
    /// <param name="route">The route.</param>
    /// <param name="shown">What it is called in messages.</param>
    /// <param name="item">Where it is written.</param>
    /// <param name="written">Where one of its keys is written, be it in defaults.</param>
    /// <param name="error">Takes the errors; those of defaults once.</param>
    public void Run(RouteOptions route, Func<string> shown, MapNode item, Func<string[], ConfigNode> written, Action<SourceSpan, string> error)
    {
        var names = route.Policies.RateLimit;
        for (var at = 0; at < names.Count; at++)
        {
            if (at > 0 && names.Take(at).Contains(names[at], StringComparer.Ordinal))
            {
                error(PlaceOf(at), $"'rate_limit' has '{names[at]}' already: a request counts once for each limit, or as many times as 'cost' says");
            }
            else if (options.RateLimits.GetValueOrDefault(names[at]) is { } limit)
            {
                if (CallersAreMissing(names[at], limit, route, shown, item) is { } fault)
                {
                    error(PlaceOf(at), fault);
                }

                if (limit.Limit is { } table)
                {
                    CostIsThere(names[at], table, route, written, error);
                }
            }
            else if (!settings.Fragment && !options.RateLimits.ContainsKey(names[at]) && root.Find("rate_limits")?.Value is null or MapNode)
            {
                error(PlaceOf(at), $"no entry of 'rate_limits' is called {ScalarNode.Quote(names[at])}{NearestName.Suggest(names[at], options.RateLimits.Keys)}");
            }
        }

        if (route.Policies.Auth is not null)
        {
            PlansHaveTheCost(route.Policies.Cost, written);
        }

        if (names.Count == 0 && item.Find("cost") is { } cost && !(route.Policies.Auth is not null && options.Plans.Values.Any(plan => plan != new PlanOptions())))
        {
            reader.Warn(cost.Place, $"'cost' is for limits, and {shown()} has none: give it 'rate_limit', or callers with plans");
        }

        SourceSpan PlaceOf(int at) => written(["rate_limit"]).LocateItem(at, names.Count).Span;
    }

    private void PlanIsPossible(string name, PlanOptions plan)
    {
        if (plan is { Rate: null, Burst: not null } && (root.Locate("plans", name) as MapNode)?.Find("rate")?.Value is null or ScalarNode { Written: "off" })
        {
            reader.Error(root.Locate("plans", name, "burst").Span, $"'burst' is what may come at once beside a 'rate', and the plan '{name}' has none");
        }

        if (plan.Quota.Count != plan.Quota.Select(quota => quota.Period).Distinct().Count())
        {
            reader.Error(root.Locate("plans", name, "quota").Span, $"the plan '{name}' has two quotas of one period: one a day and one a month are possible");
        }
    }

    private void KeyIsPossible(string name, RateLimitOptions limit)
    {
        var place = root.Locate("rate_limits", name, "key").Span;
        if (limit.Key.Count > CallerKey.MostParts)
        {
            reader.Error(place, FormattableString.Invariant($"a 'key' has at most {CallerKey.MostParts} parts"));
        }
        else if (limit.Key.Distinct().Count() != limit.Key.Count)
        {
            reader.Error(place, "'key' has one part twice");
        }
    }

    private void PlansAreDefined(string name, LimitTable table)
    {
        foreach (var plan in table.ByPlan.Keys.Where(plan => !OfNobody.Contains(plan) && !options.Plans.ContainsKey(plan)))
        {
            reader.Error(PlaceOf(name, plan), NoPlan(plan));
        }
    }

    private void SomethingIsSaid(string name, RateLimitOptions limit)
    {
        var entry = root.Locate("rate_limits", name);
        if (limit is { Limit: null, Bandwidth: null } && (entry as MapNode)?.Find("limit") is null && (entry as MapNode)?.Find("bandwidth") is null)
        {
            reader.Error(entry.Span, $"the limit '{name}' says nothing of how many or how much: give it 'limit', 'bandwidth' or both");
        }
    }

    private void BandwidthIsSaid(BandwidthOptions? bandwidth, string map, string name)
    {
        if (bandwidth is { Request: 0, Response: 0 } && root.Locate(map, name, "bandwidth") is MapNode written && written.Find("request") is null && written.Find("response") is null)
        {
            reader.Error(written.Span, "'bandwidth' says nothing of a direction: give it 'request', 'response' or both");
        }
    }

    // Tokens and key files may name any plan of the file, and others: those that are not there are callers without one.
    private void EveryCallerHasARule(string name, LimitTable table)
    {
        if (table.ByPlan.ContainsKey(Plan.Default))
        {
            return;
        }

        var place = root.Locate("rate_limits", name, "limit").Span;
        if (options.Plans.Keys.FirstOrDefault(plan => !table.ByPlan.ContainsKey(plan)) is { } missing)
        {
            reader.Error(place, $"the limit '{name}' says nothing of callers of the plan '{missing}': give it an entry for them, or '{Plan.Default}' for all that it does not name");
        }
        else if (!table.ByPlan.ContainsKey(Plan.Anonymous))
        {
            reader.Error(place, $"the limit '{name}' says nothing of callers whose plan the file does not know, and of those who are not known: give it '{Plan.Default}', or '{Plan.Anonymous}'");
        }
    }

    private static string? CallersAreMissing(string name, RateLimitOptions limit, RouteOptions route, Func<string> shown, MapNode item)
    {
        if (route.Policies.Auth is not null || item.Find("auth")?.Value is not (null or ScalarNode { Written: "none" }))
        {
            return null;
        }

        return limit.Limit is { All: null } table && !table.ByPlan.ContainsKey(Plan.Anonymous)
            ? $"the limit '{name}' goes by plans, and {shown()} does not find out who calls: give it 'auth', or the limit an entry for '{Plan.Anonymous}'"
            : limit.Limit is not { All: null } && limit.Key.FirstOrDefault(source => source.NeedsIdentity) is { NeedsIdentity: true } source
            ? $"the limit '{name}' goes by {source}, and {shown()} does not find out who calls: give it 'auth', or a limit by client_ip"
            : null;
    }

    private void CostIsThere(string name, LimitTable table, RouteOptions route, Func<string[], ConfigNode> written, Action<SourceSpan, string> error)
    {
        var cost = route.Policies.Cost;
        if (table.Rules.Any() && table.Rules.All(rule => rule.Most < cost))
        {
            error(written(["cost"]).Span, FormattableString.Invariant($"a request costs {cost}, and the limit '{name}' never has more than {table.Rules.Max(rule => rule.Most)}: none would ever come through"));
        }
        else if (table.ByPlan.FirstOrDefault(entry => entry.Value.Most < cost) is { Key: { } plan } entry)
        {
            reader.Warn(written(["cost"]).Span, FormattableString.Invariant($"a request costs {cost}, and the limit '{name}' never has more than {entry.Value.Most} for callers of '{plan}': they never come through"));
        }
    }

    private void PlansHaveTheCost(int cost, Func<string[], ConfigNode> written)
    {
        if (_costs.Contains(cost))
        {
            return;
        }

        var isThere = true;
        foreach (var (name, plan) in options.Plans)
        {
            var rules = plan.Quota.Select(quota => new LimitRule { Quota = quota });
            if (plan.Rate is { } rate)
            {
                rules = rules.Prepend(new LimitRule { Rate = rate, Burst = plan.Burst ?? 0 });
            }

            if (rules.FirstOrDefault(rule => rule.Most < cost) is { } least)
            {
                isThere = false;
                reader.Warn(written(["cost"]).Span, FormattableString.Invariant($"a request costs {cost}, and the plan '{name}' never has more than {least.Most} ({least}): its callers never come through"));
            }
        }

        if (isThere)
        {
            _costs.Add(cost);
        }
    }

    private void SomethingIsLimited()
    {
        var routes = options.Listeners.Values.SelectMany(listener => listener.Http?.AllRoutes ?? []);
        foreach (var name in options.RateLimits.Keys.Where(name => !routes.Any(route => route.Policies.RateLimit.Contains(name))))
        {
            reader.Warn(root.Locate("rate_limits", name).Span, $"no route has 'rate_limit: {name}': the limit limits nothing");
        }

        if (options.Plans.FirstOrDefault(plan => plan.Value != new PlanOptions()).Key is { } idle && !routes.Any(route => route.Policies.Auth is not null))
        {
            reader.Warn(root.Locate("plans", idle).Span, "no route finds out who calls ('auth'), so that no request has a plan: the limits of plans limit nothing");
        }
    }

    // One file of limits may serve a laptop too, so it works.
    private void StoreIsThere()
    {
        if (options.State.Redis is not null)
        {
            return;
        }

        foreach (var (name, limit) in options.RateLimits)
        {
            if (limit.Mode is LimitMode.Exact or LimitMode.Leased)
            {
                reader.Warn(
                    root.Locate("rate_limits", name, "mode").Span,
                    $"the limit '{name}' is to be counted with other instances, and there is no 'state.redis' in which to count: each instance counts alone");
            }
            else if (limit.OnFailure is not null)
            {
                reader.Warn(root.Locate("rate_limits", name, "on_failure").Span, $"'on_failure' is for limits that are counted in 'state.redis', and the limit '{name}' is not");
            }
        }
    }

    private SourceSpan PlaceOf(string limit, string plan) => (root.Locate("rate_limits", limit, "limit") as MapNode)?.Find(plan)?.Place ?? root.Locate("rate_limits", limit).Span;

    private string NoPlan(string plan) =>
        $"no plan is called {ScalarNode.Quote(plan)}{NearestName.Suggest(plan, options.Plans.Keys)}; one without limits of its own is '{plan}: {{}}' in 'plans'";
}

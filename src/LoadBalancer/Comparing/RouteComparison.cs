using System.Globalization;
using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Explaining;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Routing;

namespace LoadBalancer.Daemon.Comparing;

/// <summary>
/// What changes for the requests of one HTTP listener. Requests are made of each route that only one side has, alone and together with every route of
/// the other side that it overlaps, and led through both tables: so it is seen where a new route takes requests from one that asked for more.
/// </summary>
/// <param name="listener">The listener's name.</param>
/// <param name="before">The configuration before.</param>
/// <param name="after">The configuration after.</param>
internal sealed class RouteComparison(string listener, OfflineGateway before, OfflineGateway after)
{
    /// <summary>The differences; one that many routes share is told once.</summary>
    public IEnumerable<Difference> Run()
    {
        var pairs = new Dictionary<(Route? Before, Route? After), RequestExample>();
        foreach (var example in Examples())
        {
            var pair = (before.RouteOf(listener, example), after.RouteOf(listener, example));
            if (pair != (null, null))
            {
                pairs.TryAdd(pair, example);
            }
        }

        return pairs.SelectMany(pair => Of(pair.Key.Before, pair.Key.After, pair.Value)).Concat(Unled(pairs.Keys))
            .GroupBy(found => (found.Kind, found.Path, found.Before, found.After, found.Loosens))
            .Select(same => same.First() with { Routes = [.. same.SelectMany(found => found.Routes).Distinct(StringComparer.Ordinal)] });
    }

    private IEnumerable<RequestExample> Examples()
    {
        var (old, next) = (OptionsOf(before), OptionsOf(after));
        var (gone, added) = (old.Except(next).ToList(), next.Except(old).ToList());
        return
        [
            .. gone.Concat(added).SelectMany(RouteExamples.Of),
            .. gone.SelectMany(route => next.SelectMany(other => RouteExamples.Of(route, other))),
            .. added.SelectMany(route => old.SelectMany(other => RouteExamples.Of(route, other))),
        ];
    }

    /// <summary>Routes that only one side has and that no request was led to: what they change nobody has seen.</summary>
    private IEnumerable<Difference> Unled(IEnumerable<(Route? Before, Route? After)> pairs)
    {
        const string Unseen = "no request could be made that it takes: look at it yourself";
        var path = $"listeners.{listener}.http";
        var (old, next) = (RoutesOf(before), RoutesOf(after));
        var (wasLed, isLed) = (pairs.Select(pair => pair.Before).ToHashSet(), pairs.Select(pair => pair.After).ToHashSet());
        return
        [
            .. next.Where(route => !isLed.Contains(route) && !old.Exists(other => other.Options == route.Options))
                .Select(route => new Difference(DifferenceKind.Opened, path, null, Describe(route), Unseen) { Routes = [route.Name] }),
            .. old.Where(route => !wasLed.Contains(route) && !next.Exists(other => other.Options == route.Options))
                .Select(route => new Difference(DifferenceKind.Closed, path, Describe(route), null, IsGuarded(route) ? Unseen : null) { Routes = [route.Name] }),
        ];
    }

    private List<Route> RoutesOf(OfflineGateway gateway) => gateway.Proxies.TryGetValue(listener, out var proxy) ? [.. proxy.Routes.Routes] : [];

    private List<RouteOptions> OptionsOf(OfflineGateway gateway) =>
        [.. RoutesOf(gateway).Select(route => route.Options)];

    private IEnumerable<Difference> Of(Route? was, Route? now, RequestExample example)
    {
        var path = $"listeners.{listener}.http";
        if (now is null)
        {
            return [About(new Difference(DifferenceKind.Closed, path, Describe(was!), null), was!, example)];
        }

        if (was is null)
        {
            return [About(new Difference(DifferenceKind.Opened, path, null, Describe(now), IsGuarded(now) ? null : "nobody has to be known"), now, example)];
        }

        var found = new List<Difference>();
        if (ActionOf(was.Options) is var from && ActionOf(now.Options) is var to && from != to)
        {
            found.Add(new Difference(DifferenceKind.Moved, path, from, to, IsGuarded(now) ? null : "nobody has to be known there"));
        }

        var changes = new List<OptionChange>();
        RoutePolicyOptions.Shape.Compare(was.Options.Policies, now.Options.Policies, "", changes);
        RouteLimits.Shape.Compare(was.Options.Limits, now.Options.Limits, "limits", changes);
        found.AddRange(changes.Select(change => new Difference(
            DifferenceKind.Changed, $"{path}.routes.{change.Path}", change.Before ?? "none", change.After ?? "none", RouteLoosening.Of(change.Path, was.Options, now.Options, LimitOf(before), LimitOf(after)))));
        return found.Select(difference => About(difference, now, example));
    }

    private static Difference About(Difference difference, Route route, RequestExample example) => difference with { Routes = [route.Name], Example = example.ToString() };

    private long LimitOf(OfflineGateway gateway) => gateway.Proxies[listener].Options.Limits.Body;

    private static bool IsGuarded(Route route) => RouteLoosening.IsGuarded(route.Options.Policies);

    private static string Describe(Route route) => $"{route.Name}: {ActionOf(route.Options)}, auth {(route.Options.Policies.Auth is { } auth ? Kinds.Record<Http.Policies.Authentication.AuthOptions>().Describe(auth) : "none")}";

    private static string ActionOf(RouteOptions route)
    {
        var action = route switch
        {
            { Upstream: { } upstream } => upstream,
            { Split: { } split } => string.Join(" and ", split.To.Select(share => string.Create(CultureInfo.InvariantCulture, $"{share.Value:0.##%} {share.Key}"))),
            { Redirect: { } redirect } => $"redirect {Http.Responses.RedirectOptions.Shape.Describe(redirect)}",
            { Respond: { } respond } => $"respond {Http.Responses.RespondOptions.Shape.Describe(respond)}",
            _ => "nowhere",
        };
        return route.Mirror is { } mirror ? $"{action}, mirrored to {mirror.Upstream}" : action;
    }
}

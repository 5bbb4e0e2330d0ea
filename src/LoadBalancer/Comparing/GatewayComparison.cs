using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Explaining;

namespace LoadBalancer.Daemon.Comparing;

/// <summary>
/// What changes in meaning from one configuration to another. Order, names of nothing, short forms, includes and defaults that are written in another place make
/// no difference: the records that were read are compared, and of routes what happens to requests.
/// </summary>
internal static class GatewayComparison
{
    /// <summary>The differences: those that loosen something first, then in the order of the file.</summary>
    public static IReadOnlyList<Difference> Run(OfflineGateway before, OfflineGateway after)
    {
        var changes = new List<OptionChange>();
        GatewayOptions.Shape.Compare(before.Options, after.Options, "", changes);
        var found = changes.Where(change => !IsOfRoutes(change.Path))
            .Select(change => new Difference(DifferenceKind.Changed, change.Path, change.Before, change.After, OptionLoosening.Of(change, before.Options, after.Options)))
            .ToList();
        foreach (var listener in before.Proxies.Keys.Union(after.Proxies.Keys))
        {
            found.AddRange(new RouteComparison(listener, before, after).Run());
        }

        return [.. found.OrderBy(difference => difference.Loosens is null)];
    }

    // What these say is in the routes, which are compared by what happens to requests; a file that was put together from others means what it means.
    private static bool IsOfRoutes(string path) =>
        path == "include" || path.StartsWith("defaults.", StringComparison.Ordinal)
        || (path.StartsWith("listeners.", StringComparison.Ordinal)
            && (path.EndsWith(".http.routes", StringComparison.Ordinal) || path.EndsWith(".http.upstream", StringComparison.Ordinal) || path.Contains(".http.defaults.", StringComparison.Ordinal)));
}

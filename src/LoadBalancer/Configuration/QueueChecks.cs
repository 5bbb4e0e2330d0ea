using LoadBalancer.Configuration;
using LoadBalancer.Http.Routing;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>What the file says of those who wait for an upstream, where nobody ever does. All of it are warnings.</summary>
/// <param name="options">What was read.</param>
/// <param name="root">Where it was read from, for the places.</param>
/// <param name="reader">Takes the warnings.</param>
internal sealed class QueueChecks(GatewayOptions options, MapNode root, ConfigReader reader)
{
    private static readonly string[] Bounds = ["max_connections", "max_requests", "concurrency"];

    /// <summary>Bounds of those who wait need a bound at which they do.</summary>
    public void PendingIsUsed(string name, UpstreamOptions upstream)
    {
        foreach (var key in SomebodyMayWait(name, upstream) ? (string[])[] : ["max_pending", "pending_timeout"])
        {
            if (Written(name)?.Find(key) is { } written)
            {
                reader.Warn(written.Place, $"'{key}' means something only with 'max_connections', 'max_requests' or 'concurrency', of which the upstream '{name}' has none: nobody ever waits");
            }
        }
    }

    /// <summary>A bound of requests is for requests.</summary>
    public void ConcurrencyIsUsed()
    {
        var overTcp = options.Listeners.Values.Where(listener => listener.Tcp is not null).SelectMany(listener => listener.Upstreams).ToHashSet(StringComparer.Ordinal);
        overTcp.ExceptWith(options.Listeners.Values.Where(listener => listener.Tcp is null).SelectMany(listener => listener.Upstreams));
        foreach (var (name, upstream) in options.Upstreams)
        {
            if (upstream.Concurrency is not null && overTcp.Contains(name) && Written(name)?.Find("concurrency") is { } written)
            {
                reader.Warn(written.Place, $"'concurrency' counts requests, and only tcp listeners lead to the upstream '{name}': on tcp 'max_connections' bounds what is open at each endpoint");
            }
        }
    }

    /// <summary>The importance that a route itself gives its requests is for those who wait.</summary>
    public void ShedIsUsed(RouteOptions route, MapNode item)
    {
        var names = route.Upstream is { } only ? [only] : route.Split?.To.Keys.ToList() ?? [];
        if (names.Count > 0 && names.All(name => options.Upstreams.TryGetValue(name, out var upstream) && !SomebodyMayWait(name, upstream)) && item.Find("shed") is { } shed)
        {
            reader.Warn(
                shed.Place,
                $"'shed' says who is refused first where requests wait, and nobody ever waits at {string.Join(" and ", names.Select(name => $"the upstream '{name}'"))}: 'concurrency', 'max_requests' and 'max_connections' are bounds");
        }
    }

    // A bound with an error in it was meant to be one.
    private bool SomebodyMayWait(string name, UpstreamOptions upstream) =>
        upstream is not { MaxConnections: null, MaxRequests: null, Concurrency: null } || Bounds.Any(key => Written(name)?.Find(key)?.Value is not null);

    private MapNode? Written(string name) => root.Locate("upstreams", name) as MapNode;
}

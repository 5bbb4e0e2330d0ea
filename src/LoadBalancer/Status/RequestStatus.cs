using System.Text.Json.Serialization;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Telemetry;

namespace LoadBalancer.Daemon.Status;

/// <summary>The requests of an HTTP listener.</summary>
/// <param name="Routes">Its routes in the order of the file, each name once, and last, without a name, what no route took.</param>
/// <param name="Metrics">Where it counts.</param>
internal sealed record RequestStatus(IReadOnlyList<RouteStatus> Routes, [property: JsonIgnore] HttpMetrics Metrics)
{
    /// <summary>Requests that are being answered.</summary>
    public long Active => Metrics.Active;

    /// <summary>Requests that ended by a fault, by its side and reason; those that occurred.</summary>
    [JsonIgnore]
    public IEnumerable<(FaultSide Side, string Reason, long Count)> Faults =>
        from side in Enum.GetValues<FaultSide>()
        from kind in Enum.GetValues<FaultKind>()
        let count = Metrics.FaultsOf(side, kind)
        where kind != FaultKind.None && count > 0
        select (side, new Fault(side, kind).Reason, count);

    /// <summary>The requests of a listener as of now; null where it is none of HTTP.</summary>
    public static RequestStatus? Of(HttpProxy? proxy) => proxy is null ? null : new RequestStatus(
        [
            .. proxy.Routes.Routes.DistinctBy(route => route.Name).Where(route => route.Metrics is not null)
                .Select(route => new RouteStatus(route.Name, route.Template, route.Metrics!)),
            new RouteStatus("", null, proxy.Requests.Unrouted),
        ],
        proxy.Requests);
}

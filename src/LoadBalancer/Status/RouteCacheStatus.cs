using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Telemetry;

namespace LoadBalancer.Daemon.Status;

/// <summary>What a route's requests got of the cache.</summary>
/// <param name="Requests">Requests by <see cref="CacheResults.Names"/>.</param>
/// <param name="SentBytes">Bytes of bodies that came from memory.</param>
internal sealed record RouteCacheStatus(IReadOnlyDictionary<string, long> Requests, long SentBytes)
{
    /// <summary>What a route has counted; null where it has no cache, or was never asked.</summary>
    public static RouteCacheStatus? Of(RouteMetrics metrics) => metrics.HasCache
        ? new(CacheResults.Names.Select((name, at) => (name, at)).ToDictionary(each => each.name, each => metrics.RequestsCached(each.at)), metrics.CachedBytes)
        : null;
}

using System.Text.Json.Serialization;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Status;

/// <summary>A route and its counts.</summary>
/// <param name="Name">Its name; empty for requests that no route took.</param>
/// <param name="Path">Its path as the file has it; null for requests that no route took.</param>
/// <param name="Metrics">Where it counts.</param>
internal sealed record RouteStatus(string Name, string? Path, [property: JsonIgnore] RouteMetrics Metrics)
{
    /// <summary>Requests that have ended, by the class of their status.</summary>
    public IReadOnlyDictionary<string, long> Requests => StatusClass.Names.Select((name, at) => (name, at)).ToDictionary(each => each.name, each => Metrics.RequestsOf(each.at));

    /// <summary>The time that half of the requests took at most, in milliseconds, about; null where there were none.</summary>
    public double? P50Ms => Milliseconds(0.5);

    /// <summary>The time that 99 of 100 requests took at most, in milliseconds, about; null where there were none.</summary>
    public double? P99Ms => Milliseconds(0.99);

    /// <summary>Bytes of requests' bodies that were read.</summary>
    public long ReceivedBytes => Metrics.ReceivedBytes;

    /// <summary>Bytes of responses' bodies that were written.</summary>
    public long SentBytes => Metrics.SentBytes;

    /// <summary>What they got of the cache; null where the route has none.</summary>
    public RouteCacheStatus? Cache => RouteCacheStatus.Of(Metrics);

    private double? Milliseconds(double part) => Metrics.Durations.Quantile(part) is { } time ? Math.Round(time.TotalMilliseconds, 2) : null;
}

using System.Text.Json.Serialization;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Status;

/// <summary>An upstream and its endpoints.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Balance">The name of its balancer.</param>
/// <param name="Endpoints">Its endpoints, in the order of the file, and behind them those that were discovered.</param>
/// <param name="Metrics">Where it counts.</param>
internal sealed record UpstreamStatus(string Name, string Balance, IReadOnlyList<EndpointStatus> Endpoints, [property: JsonIgnore] UpstreamMetrics Metrics)
{
    /// <summary>How its discovery goes; null where all its endpoints are in the file.</summary>
    public UpstreamDiscovery? Discovery { get; init; }

    /// <summary>Why endpoints are used whose probes fail; null while there is no panic.</summary>
    public string? Panic { get; init; }

    /// <summary>Its circuit breaker; null where it has none.</summary>
    public CircuitStatus? Circuit { get; init; }

    /// <summary>The bound of requests under way; null where there is none.</summary>
    public ConcurrencyStatus? Concurrency { get; init; }

    /// <summary>The most connections at once to each endpoint; null is any number.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>The most requests at once at each endpoint; null is any number.</summary>
    public int? MaxRequests { get; init; }

    /// <summary>Connections and requests that wait for room.</summary>
    public int Pending { get; init; }

    /// <summary>Connections that waited for room in vain.</summary>
    public long PendingTimeouts { get; init; }

    /// <summary>Connections that found as many waiting as may.</summary>
    public long PendingOverflows { get; init; }

    /// <summary>The requests that it was sent; null where no HTTP listener ever led to it.</summary>
    public UpstreamRequests? Requests => UpstreamRequests.Of(Metrics.Responses);

    /// <summary>What retries have added to that; null likewise.</summary>
    public RetryBudgetStatus? RetryBudget => Metrics.Responses is null ? null : RetryBudgetStatus.Of(Metrics.Retries);

    /// <summary>The upstream as of now, from one view.</summary>
    public static UpstreamStatus Of(Upstream upstream)
    {
        var view = upstream.View;
        var available = view.Available.Select(member => member.Endpoint).ToHashSet();
        return new UpstreamStatus(
            upstream.Name, upstream.Options.Balance, [.. view.All.Select(member => EndpointStatus.Of(member, available.Contains(member.Endpoint)))], upstream.Metrics)
        {
            Discovery = UpstreamDiscovery.Of(upstream.Discovery),
            Panic = view.Panic,
            Circuit = CircuitStatus.Of(upstream.Circuit),
            Concurrency = ConcurrencyStatus.Of(upstream),
            MaxRequests = upstream.Options.MaxRequests,
            MaxConnections = upstream.Options.MaxConnections,
            Pending = upstream.Pending.Count,
            PendingTimeouts = upstream.Pending.Timeouts,
            PendingOverflows = upstream.Pending.Overflows,
        };
    }
}

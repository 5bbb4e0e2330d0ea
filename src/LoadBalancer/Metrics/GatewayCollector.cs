using System.Globalization;
using System.Text.Json;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.Status;
using LoadBalancer.Http.Server;
using LoadBalancer.Tls;

namespace LoadBalancer.Daemon.Metrics;

/// <summary>The daemon's own metrics, from the same reading that /status prints.</summary>
/// <param name="read">Reads the live objects; called once per scrape, on any thread.</param>
internal sealed class GatewayCollector(Func<GatewayStatus> read) : IMetricCollector
{
    /// <inheritdoc/>
    public void Collect(MetricWriter writer)
    {
        var status = read();
        writer.Write(MetricFamilies.Build, 1, status.Version, status.Commit, Environment.Version.ToString());
        writer.Write(MetricFamilies.Ready, status.Ready);
        Config(writer, status.Config);
        Listeners(writer, status.Listeners);
        Cache(writer, status);
        Each(status.Auth, auth => Each(auth.Results, result => writer.Write(MetricFamilies.Auth, result.Count, auth.Provider, result.Result)));
        Each(status.LimitCounts, counts => Each(counts.Outcomes, each => writer.Write(MetricFamilies.RateLimit, each.Count, counts.Limit, counts.Plan, each.Outcome)));
        Each(status.Limits.Where(limit => limit.UnderWay is null), limit => writer.Write(MetricFamilies.RateLimitCallers, limit.Callers, limit.Name, limit.Plan));
        Each(status.Limits.Where(limit => limit.Pooled is not null), limit => writer.Write(MetricFamilies.RateLimitPooled, limit.Pooled!.Value, limit.Name, limit.Plan));
        Leases(writer, [.. status.Limits.Where(limit => limit.Leases is not null)]);
        Each(status.Paces, pace => writer.Write(MetricFamilies.BandwidthDelayed, pace.Counts.DelayedBytes, pace.Limit, pace.Plan, pace.Direction));
        Each(status.Paces, pace => writer.Write(MetricFamilies.BandwidthPaused, pace.Counts.Paused.TotalSeconds, pace.Limit, pace.Plan, pace.Direction));
        Each(status.Limits.Where(limit => limit.UnderWay is not null), limit => writer.Write(MetricFamilies.PlanConcurrency, limit.UnderWay!.Value, limit.Plan));
        Each(status.AuthFiles, file => writer.Write(MetricFamilies.AuthFileEntries, file.Entries, file.Name));
        Each(status.AuthFiles, file => writer.Write(MetricFamilies.AuthFileRefused, file.Refusal is not null, file.Name));
        Redis(writer, status.Redis);
        Upstreams(writer, status.Upstreams);
        Loops(writer, status.Loops);
    }

    private static void Config(MetricWriter writer, ConfigStatus config)
    {
        writer.Write(MetricFamilies.Config, 1, config.Version);
        writer.Write(MetricFamilies.ConfigReloads, config.Reloads, "loaded");
        writer.Write(MetricFamilies.ConfigReloads, config.RefusedReloads, "refused");
        writer.Write(MetricFamilies.ConfigLastReloadRefused, config.LastRefusal is not null);
        Each(Enum.GetValues<ConfigOrigin>(), source => writer.Write(MetricFamilies.ConfigSource, config.Source == source, JsonNamingPolicy.SnakeCaseLower.ConvertName(source.ToString())));
        writer.Write(MetricFamilies.ConfigReturns, config.Rollbacks, "rollback");
        writer.Write(MetricFamilies.ConfigReturns, config.GuardReturns, "guard");
        writer.Write(MetricFamilies.ConfigGuarded, config.GuardedUntil is not null);
        if (config.TakenBack is { } taken)
        {
            writer.Write(MetricFamilies.ConfigTakenBack, 1, taken.Listener, taken.Route, taken.Measure);
        }

        writer.Write(MetricFamilies.ConfigLastReloadSuccess, config.LoadedAt.ToUnixTimeMilliseconds() / 1000.0);
    }

    private static void Cache(MetricWriter writer, GatewayStatus status)
    {
        (string Listener, string Route, RouteCacheStatus Counts)[] routes =
        [
            .. from listener in status.Listeners
               from route in listener.Requests?.Routes ?? []
               where route.Cache is not null
               select (listener.Name, route.Name, route.Cache),
        ];
        Each(routes, route => Each(route.Counts.Requests, count => writer.Write(MetricFamilies.CacheRequests, count.Value, route.Listener, route.Route, count.Key)));
        Each(routes, route => writer.Write(MetricFamilies.CacheSent, route.Counts.SentBytes, route.Listener, route.Route));
        if (status.Cache is { } cache)
        {
            writer.Write(MetricFamilies.CacheBytes, cache.Bytes);
            writer.Write(MetricFamilies.CacheMaxBytes, cache.Memory);
            writer.Write(MetricFamilies.CacheLingering, cache.LingeringBytes);
            writer.Write(MetricFamilies.CacheEntries, cache.Entries);
            writer.Write(MetricFamilies.CacheStored, cache.Stored);
            writer.Write(MetricFamilies.CacheEvicted, cache.Evicted);
            writer.Write(MetricFamilies.CachePurged, cache.Purged);
        }
    }

    private static void Leases(MetricWriter writer, List<LimitStatus> limits)
    {
        Each(limits, limit => writer.Write(MetricFamilies.RateLimitLeases, limit.Leases!.Leases, limit.Name, limit.Plan));
        Each(limits, limit => writer.Write(MetricFamilies.RateLimitLeased, limit.Leases!.Leased, limit.Name, limit.Plan));
        Each(limits, limit => writer.Write(MetricFamilies.RateLimitReturned, limit.Leases!.Returned, limit.Name, limit.Plan));
        Each(limits, limit => writer.Write(MetricFamilies.RateLimitHeld, limit.Leases!.Held, limit.Name, limit.Plan));
    }

    private static void Redis(MetricWriter writer, IReadOnlyList<RedisStatus> nodes)
    {
        Each(nodes, node => writer.Write(MetricFamilies.RedisUp, node.Up, node.Node));
        Each(nodes, node => Each(node.Commands, outcome => writer.Write(MetricFamilies.RedisCommands, outcome.Value, node.Node, outcome.Key)));
        Each(nodes, node => writer.Write(MetricFamilies.RedisLatency, node.Latency, node.Node));
    }

    private static void Listeners(MetricWriter writer, IReadOnlyList<ListenerStatus> listeners)
    {
        Each(listeners, listener => writer.Write(MetricFamilies.ListenerConnections, listener.Connections, listener.Name));
        Each(listeners, listener => writer.Write(MetricFamilies.ListenerActiveConnections, listener.ActiveConnections, listener.Name));
        Each(listeners, listener => writer.Write(MetricFamilies.ListenerConnectionLimit, listener.MaxConnections, listener.Name));
        Each(listeners, listener => Each(listener.Rejected, rejected => writer.Write(MetricFamilies.ListenerRejected, rejected.Value, listener.Name, rejected.Key)));
        Each(listeners, listener => Each(listener.Faults, fault => writer.Write(
            MetricFamilies.ListenerFaults, fault.Count, listener.Name, fault.Side.ToString().ToLowerInvariant(), fault.Reason)));
        Each(listeners, listener =>
        {
            writer.Write(MetricFamilies.ListenerBytes, listener.ReceivedBytes, listener.Name, "received");
            writer.Write(MetricFamilies.ListenerBytes, listener.SentBytes, listener.Name, "sent");
        });
        Each(listeners, listener => writer.Write(MetricFamilies.ConnectionDuration, listener.Metrics.Durations, listener.Name));
        Tls(writer, [.. listeners.Where(listener => listener.Tls is not null)]);
        Requests(writer, [.. listeners.Where(listener => listener.Requests is not null)]);
    }

    private static void Tls(MetricWriter writer, IReadOnlyList<ListenerStatus> listeners)
    {
        EachTls((listener, tls) =>
        {
            Each(Enum.GetValues<TlsVersion>(), version =>
            {
                writer.Write(MetricFamilies.TlsHandshakes, tls.Metrics.Done(version, resumed: false), listener, TlsVersions.NameOf(version), "full");
                writer.Write(MetricFamilies.TlsHandshakes, tls.Metrics.Done(version, resumed: true), listener, TlsVersions.NameOf(version), "resumed");
            });
            writer.Write(MetricFamilies.TlsHandshakes, tls.Failed, listener, "", "failed");
        });
        EachTls((listener, tls) => writer.Write(MetricFamilies.TlsActiveHandshakes, tls.Handshaking, listener));
        EachTls((listener, tls) => writer.Write(MetricFamilies.TlsHandshakeDuration, tls.Metrics.Durations, listener));
        EachTls((listener, tls) => Each(
            tls.Certificates.GroupBy(certificate => (Name: certificate.Names[0], certificate.Key)),
            same => writer.Write(MetricFamilies.TlsCertificateNotAfter, same.Min(certificate => certificate.NotAfter.ToUnixTimeSeconds()), listener, same.Key.Name, same.Key.Key)));
        EachTls((listener, tls) =>
        {
            writer.Write(MetricFamilies.TlsReloads, tls.Metrics.Loaded, listener, "loaded");
            writer.Write(MetricFamilies.TlsReloads, tls.Metrics.Refused, listener, "refused");
        });
        EachTls((listener, tls) => writer.Write(MetricFamilies.TlsLastReloadRefused, tls.Refusal is not null, listener));

        void EachTls(Action<string, TlsStatus> write) => Each(listeners, listener => write(listener.Name, listener.Tls!));
    }

    private static void Requests(MetricWriter writer, IReadOnlyList<ListenerStatus> listeners)
    {
        EachRoute((listener, route) => Each(route.Requests, count => writer.Write(MetricFamilies.HttpRequests, count.Value, listener, route.Name, count.Key)));
        EachRoute((listener, route) => Each(route.Metrics.Calls, call => writer.Write(
            MetricFamilies.GrpcCalls, call.Count, listener, route.Name, call.Status > GrpcCall.MostNamed ? "other" : call.Status.ToString(CultureInfo.InvariantCulture))));
        Each(listeners, listener => writer.Write(MetricFamilies.HttpActiveRequests, listener.Requests!.Active, listener.Name));
        Each(listeners, listener => Each(listener.Requests!.Faults, fault => writer.Write(
            MetricFamilies.HttpFaults, fault.Count, listener.Name, fault.Side.ToString().ToLowerInvariant(), fault.Reason)));
        EachRoute((listener, route) => Each(route.Metrics.PolicyRefusals, entry => writer.Write(
            MetricFamilies.PolicyRefusals, entry.Count, listener, route.Name, entry.Refusal.Policy, entry.Refusal.Reason, entry.Refusal.IsShadow ? "true" : "false")));
        EachRoute((listener, route) =>
        {
            writer.Write(MetricFamilies.HttpBodyBytes, route.ReceivedBytes, listener, route.Name, "received");
            writer.Write(MetricFamilies.HttpBodyBytes, route.SentBytes, listener, route.Name, "sent");
        });
        EachRoute((listener, route) => writer.Write(MetricFamilies.HttpRequestDuration, route.Metrics.Durations, listener, route.Name));

        void EachRoute(Action<string, RouteStatus> write) =>
            Each(listeners, listener => Each(listener.Requests!.Routes, route => write(listener.Name, route)));
    }

    private static void Upstreams(MetricWriter writer, IReadOnlyList<UpstreamStatus> upstreams)
    {
        Each(upstreams, upstream => Each(Enum.GetValues<EndpointState>(), state => writer.Write(
            MetricFamilies.UpstreamEndpoints, upstream.Endpoints.Count(endpoint => endpoint.State == state), upstream.Name, state.ToString().ToLowerInvariant())));
        EachDiscovery(upstreams, (upstream, discovery) => Each(discovery.Lookups, lookups => writer.Write(MetricFamilies.DiscoveryLookups, lookups.Value, upstream, lookups.Key)));
        EachDiscovery(upstreams, (upstream, discovery) => writer.Write(MetricFamilies.DiscoveryEndpoints, discovery.Endpoints, upstream));
        EachDiscovery(upstreams, (upstream, discovery) => writer.Write(
            MetricFamilies.DiscoveryLastSuccess, (discovery.LastSuccess?.ToUnixTimeMilliseconds() ?? 0) / 1000.0, upstream));
        Each(upstreams, upstream => writer.Write(MetricFamilies.UpstreamConnect, upstream.Metrics.ConnectTimes.Read(), upstream.Name));
        Each(upstreams, upstream => writer.Write(MetricFamilies.UpstreamSession, upstream.Metrics.SessionTimes.Read(), upstream.Name));
        Each(upstreams, upstream => writer.Write(MetricFamilies.UpstreamPanic, upstream.Panic is not null, upstream.Name));
        EachCircuit(upstreams, (upstream, circuit) => Each(CircuitStatus.States, state => writer.Write(MetricFamilies.UpstreamCircuitState, circuit.State == state, upstream, state)));
        EachCircuit(upstreams, (upstream, circuit) => writer.Write(MetricFamilies.UpstreamCircuitOpenings, circuit.Openings, upstream));
        EachCircuit(upstreams, (upstream, circuit) => writer.Write(MetricFamilies.UpstreamCircuitRefused, circuit.Refused, upstream));
        EachConcurrency(upstreams, (upstream, concurrency) => writer.Write(MetricFamilies.UpstreamConcurrencyLimit, concurrency.Limit, upstream));
        EachConcurrency(upstreams, (upstream, concurrency) => writer.Write(MetricFamilies.UpstreamConcurrency, concurrency.UnderWay, upstream));
        EachConcurrency(upstreams, (upstream, concurrency) => writer.Write(MetricFamilies.UpstreamBaseLatency, (concurrency.BaseMs ?? 0) / 1000, upstream));
        EachConcurrency(upstreams, (upstream, concurrency) => Each(concurrency.Shed, count => writer.Write(MetricFamilies.UpstreamShed, count.Value, upstream, count.Key)));
        Each(upstreams, upstream => writer.Write(MetricFamilies.UpstreamPending, upstream.Pending, upstream.Name));
        Each(upstreams, upstream => writer.Write(MetricFamilies.UpstreamPendingTimeouts, upstream.PendingTimeouts, upstream.Name));
        Each(upstreams, upstream => writer.Write(MetricFamilies.UpstreamPendingOverflows, upstream.PendingOverflows, upstream.Name));
        EachServing(upstreams, (upstream, requests) => Each(requests.Responses, count => writer.Write(MetricFamilies.UpstreamRequests, count.Value, upstream, count.Key)));
        EachServing(upstreams, (upstream, requests) => writer.Write(MetricFamilies.UpstreamFirstByte, requests.Metrics.FirstByteTimes.Read(), upstream));
        EachServing(upstreams, (upstream, requests) => Each(requests.Retries, count => writer.Write(MetricFamilies.UpstreamRetries, count.Value, upstream, count.Key)));
        EachServing(upstreams, (upstream, requests) => writer.Write(MetricFamilies.UpstreamHedgesWon, requests.HedgesWon, upstream));
        Each(upstreams.Where(upstream => upstream.Requests is not null), upstream => writer.Write(MetricFamilies.UpstreamRetriesRefused, upstream.Metrics.Retries.Refusals, upstream.Name));
        EachServing(upstreams, (upstream, requests) =>
        {
            writer.Write(MetricFamilies.UpstreamPoolConnections, requests.InUseConnections, upstream, "in_use");
            writer.Write(MetricFamilies.UpstreamPoolConnections, requests.IdleConnections, upstream, "idle");
        });
        EachServing(upstreams, (upstream, requests) => writer.Write(MetricFamilies.UpstreamPoolOpened, requests.Metrics.Opened, upstream));
        EachServing(upstreams, (upstream, requests) => writer.Write(MetricFamilies.UpstreamPoolReused, requests.Reused, upstream));
        EachEndpoint(upstreams, (upstream, endpoint) => writer.Write(MetricFamilies.EndpointAvailable, endpoint.Available, upstream, endpoint.Address));
        EachEndpoint(upstreams, (upstream, endpoint) => Each(Enum.GetValues<EndpointState>(), state => writer.Write(
            MetricFamilies.EndpointState, endpoint.State == state, upstream, endpoint.Address, state.ToString().ToLowerInvariant())));
        EachEndpoint(upstreams, (upstream, endpoint) => Each(endpoint.Transitions, count => writer.Write(
            MetricFamilies.EndpointTransitions, count.Value, upstream, endpoint.Address, count.Key)));
        EachEndpoint(upstreams, (upstream, endpoint) => Each(endpoint.Ejections, count => writer.Write(
            MetricFamilies.EndpointEjections, count.Value, upstream, endpoint.Address, count.Key)));
        EachEndpoint(upstreams, (upstream, endpoint) => Each(endpoint.Probes, count => writer.Write(
            MetricFamilies.EndpointProbes, count.Value, upstream, endpoint.Address, count.Key)));
        EachEndpoint(upstreams.Select(upstream => upstream with { Endpoints = [.. upstream.Endpoints.Where(endpoint => endpoint.Probe is not null)] }).ToList(), (upstream, endpoint) =>
            writer.Write(MetricFamilies.EndpointProbeDuration, endpoint.Probe!.DurationMs / 1000, upstream, endpoint.Address));
        EachEndpoint(upstreams, (upstream, endpoint) => writer.Write(MetricFamilies.EndpointWeight, endpoint.Weight, upstream, endpoint.Address));
        EachEndpoint(upstreams, (upstream, endpoint) => writer.Write(MetricFamilies.EndpointActiveConnections, endpoint.ActiveConnections, upstream, endpoint.Address));
        EachEndpoint(upstreams, (upstream, endpoint) => writer.Write(MetricFamilies.EndpointConnections, endpoint.Connections, upstream, endpoint.Address));
        EachEndpoint(upstreams, (upstream, endpoint) => writer.Write(MetricFamilies.EndpointConnect, endpoint.ConnectTimes.Read(), upstream, endpoint.Address));
        EachEndpoint(upstreams, (upstream, endpoint) => Each(endpoint.Faults, fault => writer.Write(MetricFamilies.EndpointFaults, fault.Value, upstream, endpoint.Address, fault.Key)));
    }

    private static void Loops(MetricWriter writer, IReadOnlyList<LoopStatus> loops)
    {
        Each(loops, loop => writer.Write(MetricFamilies.LoopTurns, loop.Turns, Label(loop)));
        Each(loops, loop => writer.Write(MetricFamilies.LoopEvents, loop.Events, Label(loop)));
        Each(loops, loop => writer.Write(MetricFamilies.LoopCpu, loop.CpuSeconds, Label(loop)));
        Each(loops, loop => writer.Write(MetricFamilies.LoopLongestTurn, loop.LongestTurnSeconds, Label(loop)));
        Each(loops, loop => writer.Write(MetricFamilies.LoopStalls, loop.Stalls, Label(loop)));
        Each(loops, loop => writer.Write(MetricFamilies.LoopSockets, loop.Sockets, Label(loop)));
        Each(loops, loop => writer.Write(MetricFamilies.LoopRetryBodies, loop.RetryBodyBytes, Label(loop)));
        Each(loops, loop => writer.Write(MetricFamilies.LoopRetryBodiesUnkept, loop.RetryBodiesUnkept, Label(loop)));

        static string Label(LoopStatus loop) => loop.Loop.ToString(CultureInfo.InvariantCulture);
    }

    private static void EachEndpoint(IReadOnlyList<UpstreamStatus> upstreams, Action<string, EndpointStatus> write) =>
        Each(upstreams, upstream => Each(upstream.Endpoints, endpoint => write(upstream.Name, endpoint)));

    private static void EachDiscovery(IReadOnlyList<UpstreamStatus> upstreams, Action<string, UpstreamDiscovery> write) =>
        Each(upstreams.Where(upstream => upstream.Discovery is not null), upstream => write(upstream.Name, upstream.Discovery!));

    private static void EachConcurrency(IReadOnlyList<UpstreamStatus> upstreams, Action<string, ConcurrencyStatus> write) =>
        Each(upstreams.Where(upstream => upstream.Concurrency is not null), upstream => write(upstream.Name, upstream.Concurrency!));

    private static void EachCircuit(IReadOnlyList<UpstreamStatus> upstreams, Action<string, CircuitStatus> write) =>
        Each(upstreams.Where(upstream => upstream.Circuit is not null), upstream => write(upstream.Name, upstream.Circuit!));

    private static void EachServing(IReadOnlyList<UpstreamStatus> upstreams, Action<string, UpstreamRequests> write) =>
        Each(upstreams.Where(upstream => upstream.Requests is not null), upstream => write(upstream.Name, upstream.Requests!));

    private static void Each<T>(IEnumerable<T> items, Action<T> write)
    {
        foreach (var item in items)
        {
            write(item);
        }
    }
}

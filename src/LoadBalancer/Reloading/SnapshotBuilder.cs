using System.Collections.Immutable;
using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Connections;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Listening;
using LoadBalancer.Http;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Server;
using LoadBalancer.Tcp;
using LoadBalancer.Telemetry;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>
/// Turns options into running objects beside those that run: equal options keep the same object, changed ones get a new
/// one that adopts what lives on. Nothing that runs is touched before <see cref="PendingSnapshot.Publish"/>. One build at a time.
/// </summary>
/// <param name="loops">Where connections live.</param>
/// <param name="sockets">The listening sockets.</param>
/// <param name="context">What upstreams are given.</param>
/// <param name="proxies">Builds what HTTP listeners do.</param>
/// <param name="terminations">Builds the TLS of listeners.</param>
/// <param name="connectionLog">Where connections leave a line.</param>
/// <param name="log">Takes warnings.</param>
/// <param name="hurry">Ends the patience with the connections of listeners that are gone.</param>
internal sealed class SnapshotBuilder(
    LoopGroup loops, SocketTable sockets, BuildContext context, HttpProxyBuilder proxies, TlsTerminationBuilder terminations, ConnectionLog connectionLog, LogSink log,
    CancellationToken hurry)
{
    private const int StandardHttpsPort = 443;

    // For the whole life of the process, so that a listener that comes back finds its counters where it left them.
    private readonly Dictionary<string, ListenerMetrics> _metrics = [];

    /// <summary>Builds what <paramref name="options"/> say, and binds what is new.</summary>
    /// <exception cref="IOException">An address cannot be bound, or a certificate is no use; everything is as it was before.</exception>
    public async Task<PendingSnapshot> BuildAsync(GatewayOptions options, Snapshot previous)
    {
        var change = sockets.Begin();
        StoreChange? store = null;
        try
        {
            store = StoreChange.Begin(options.State.Redis, previous.Store, loops, context);
            var upstreams = options.Upstreams.ToDictionary(entry => entry.Key, entry => UpstreamOf(entry.Key, entry.Value, previous));
            var providers = ProviderSet.Build(options.Auth, options.Consumers, options.AuthFailures, previous.Providers, context, proxies.Outbound);
            var limits = LimitSet.Build(options.Plans, options.RateLimits, store.Store, previous.Limits, context, options.State.OnFailure);
            var cache = options.KeepAnswers ? previous.Cache ?? new CacheStore(options.Cache.Memory, context.Seeds) : null;
            proxies.Cache = cache;
            var listeners = options.Listeners.Select(entry => BeginListener(entry.Key, entry.Value, previous, change)).ToList();
            ValueList<HttpsListener> https = [.. listeners.Select(HttpsOf).OfType<HttpsListener>()];
            var next = new PendingSnapshot
            {
                Options = options,
                Previous = previous,
                Upstreams = upstreams,
                Providers = providers,
                Limits = limits,
                Store = store,
                Cache = cache,
                Listeners = [.. listeners.Select(listener => ListenerOf(listener, upstreams, providers, limits, https))],
                Sockets = change,
                Engine = proxies.Engine,
                Time = context.Time,
                Hurry = hurry,
                Log = log,
            };
            WarnOfBounds(options);
            return next;
        }
        catch
        {
            await Task.WhenAll(change.DiscardAsync(), store?.DiscardAsync() ?? Task.CompletedTask);
            throw;
        }
    }

    private Upstream UpstreamOf(string name, UpstreamOptions options, Snapshot previous) =>
        previous.Upstreams.TryGetValue(name, out var running) && running.Options == options
            ? running
            : new Upstream(name, options, running, context);

    private BegunListener BeginListener(string name, ListenerOptions options, Snapshot previous, SocketChange change)
    {
        var listener = previous.Listeners.GetValueOrDefault(name) ?? NewListener(name);
        var tls = options.Tls is { } asked
            ? terminations.Build(
                name, asked, options.Http is { } http ? HttpProxyBuilder.ProtocolsOf(http) : [], options.Http is null ? null : PlainHttpAnswer.Bytes, listener.Handler?.Tls)
            : null;
        return new BegunListener(listener, options, tls, [.. options.Bind.Select(address => change.Open(listener, address))]);
    }

    /// <summary>Where clients may be sent that speak HTTP in clear.</summary>
    private static HttpsListener? HttpsOf(BegunListener listener) => listener is { Options.Http: not null, Tls: { } tls }
        ? new HttpsListener(tls, listener.Sockets.Select(socket => (socket.Address as IPEndPoint)?.Port ?? 0).FirstOrDefault(port => port > 0, StandardHttpsPort))
        : null;

    private PendingListener ListenerOf(BegunListener begun, Dictionary<string, Upstream> upstreams, ProviderSet providers, LimitSet limits, ValueList<HttpsListener> https)
    {
        var (listener, options, tls, sockets) = begun;
        var policies = ConnectionPolicyCatalog.Build(PoliciesOf(options), listener.Handler?.Policies, context);
        ConnectionHandler handler = options.Http is { } http
            ? proxies.Build(listener.Name, http, upstreams, listener.Handler as HttpProxy, policies, listener.Connections, listener.Metrics, tls, providers, limits, https)
            : TcpProxyOf(listener, options, options.Tcp!, upstreams, policies, tls);
        return new PendingListener(listener, handler, sockets, options.MaxConnections);
    }

    // A deadline that nothing waits for is left out, so that a change of it keeps the chain.
    private static ConnectionPolicyOptions PoliciesOf(ListenerOptions options) => options.ConnectionPolicies.AcceptProxyProtocol.Count == 0
        ? options.ConnectionPolicies
        : options.ConnectionPolicies with { PreambleTimeout = options.Timeouts.Preamble };

    private TcpProxy TcpProxyOf(
        Listener listener, ListenerOptions options, TcpOptions tcp, Dictionary<string, Upstream> upstreams, ConnectionPolicyChain? policies, TlsTermination? tls) =>
        listener.Handler is TcpProxy running && running.Routes.LeadsAs(tcp, upstreams) && running.Timeouts == options.Timeouts && running.Policies == policies && running.Tls == tls
            ? running
            : NewProxy(listener, new TcpRouteTable(tcp, upstreams), options, policies, tls);

    private TcpProxy NewProxy(Listener listener, TcpRouteTable routes, ListenerOptions options, ConnectionPolicyChain? policies, TlsTermination? tls) => new()
    {
        Listener = listener.Name,
        Routes = routes,
        Timeouts = options.Timeouts,
        Policies = policies,
        Tls = tls,
        Connections = listener.Connections,
        Metrics = listener.Metrics,
        Log = connectionLog,
        Time = context.Time,
        OnBug = context.OnBug,
    };

    private void WarnOfBounds(GatewayOptions options)
    {
        var (wanted, possible) = (options.Listeners.Values.Sum(listener => (long)listener.MaxConnections), DescriptorLimit.MostClients(loops.Loops.Length));
        if (wanted > possible)
        {
            log.Warn(
                "the limit of open files allows fewer connections than the listeners' max_connections together; raise LimitNOFILE",
                ("max_connections", wanted), ("possible", possible));
        }
    }

    private Listener NewListener(string name)
    {
        if (!_metrics.TryGetValue(name, out var metrics))
        {
            metrics = _metrics[name] = new ListenerMetrics(name, loops.Loops.Length);
        }

        return new Listener(name, loops, metrics, log);
    }
}

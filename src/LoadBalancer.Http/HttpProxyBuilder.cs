using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using LoadBalancer.Addresses;
using LoadBalancer.Configuration;
using LoadBalancer.Connections;
using LoadBalancer.Connections.Tracking;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Authentication.Oidc;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Forwarding;
using LoadBalancer.Http.Forwarding.Mirroring;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Policies.Cache;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Http.Resilience;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Http.Usage;
using LoadBalancer.Telemetry;
using LoadBalancer.Tls;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http;

/// <summary>
/// The composition of an HTTP listener: routes with their policies and handlers out of what the file says. Where nothing has changed, and
/// the upstreams are the same objects, the proxy that runs is kept.
/// </summary>
internal sealed class HttpProxyBuilder
{
    private readonly Dictionary<string, HttpMetrics> _requests = [];

    /// <summary>What outlives every configuration.</summary>
    public required HttpEngine Engine { get; init; }

    /// <summary>What running objects are given.</summary>
    public required BuildContext Context { get; init; }

    /// <summary>The way to issuers and check services.</summary>
    public OutboundClient Outbound => field ??= new OutboundClient(Context.Time);

    /// <summary>Where requests leave a line.</summary>
    public required AccessLog AccessLog { get; init; }

    /// <summary>Where what callers use is counted; null for nowhere.</summary>
    public UsageTable? Usage { get; init; }

    /// <summary>Where refused connections leave a line.</summary>
    public required ConnectionLog Log { get; init; }

    /// <summary>Where routes keep answers; null while no route of any listener does.</summary>
    public CacheStore? Cache { get; set; }

    /// <summary>True while lb is ready, for <c>respond: readiness</c>. Any thread.</summary>
    public required Func<bool> IsReady { get; init; }

    /// <summary>The proxy of one listener.</summary>
    /// <param name="listener">The listener's name.</param>
    /// <param name="options">What the file says of it.</param>
    /// <param name="upstreams">The upstreams by name.</param>
    /// <param name="running">What the listener does now; null for a new one, and for one that was no HTTP.</param>
    /// <param name="policies">Who may connect.</param>
    /// <param name="connections">Where its connections are tracked.</param>
    /// <param name="metrics">Where they are counted.</param>
    /// <param name="tls">How its clients speak TLS; null where they do not.</param>
    /// <param name="providers">Who can establish who calls.</param>
    /// <param name="limits">The limits of the file.</param>
    /// <param name="https">The listeners that serve https, for <c>redirect_to_https</c>.</param>
    public HttpProxy Build(
        string listener, HttpOptions options, IReadOnlyDictionary<string, Upstream> upstreams, HttpProxy? running,
        ConnectionPolicyChain? policies, ConnectionTable connections, ListenerMetrics metrics, TlsTermination? tls, ProviderSet providers, LimitSet limits, ValueList<HttpsListener> https)
    {
        https = options.RedirectToHttps ? https : [];

        // A request that changes something ends what other routes and listeners keep of it, so that all of them have the cache where one has.
        var cache = Cache;
        var used = options.UpstreamNames().ToDictionary(name => name, name => upstreams[name], StringComparer.Ordinal);
        if (running is not null && running.Options == options && running.Policies == policies && running.Tls == tls && running.HttpsListeners == https && running.Providers == providers && running.Limits == limits && running.Cache == cache
            && used.All(entry => running.Upstreams.GetValueOrDefault(entry.Key) == entry.Value))
        {
            return running;
        }

        var routes = options.AllRoutes;
        var before = new RoutePredecessors(running, routes, used);
        var requests = _requests.TryGetValue(listener, out var counts) ? counts : _requests[listener] = new HttpMetrics(Context.Loops);
        var all = new List<Route>(routes.Count);
        all.AddRange(routes.Select(route => RouteOf(route, used, before, providers, limits, cache, requests)));
        all.AddRange(OidcRoutes.Of(routes, providers).Select(own => RouteOf(own.Options, used, before, providers, limits, cache, requests, own.Handler)));
        return new HttpProxy
        {
            Listener = listener,
            Options = options,
            Upstreams = used,
            Routes = new RouteTable(all),
            HttpsListeners = https,
            Providers = providers,
            Limits = limits,
            Cache = cache,
            IdentityFields = providers.Fields,
            ToHttps = options.RedirectToHttps ? new RedirectToHttps(host => PortOf(https, host)) : null,
            Forwarded = new ForwardedHeaders(new IpSet(options.TrustedProxies)),
            HeadLimits = new HeadLimits((int)options.Limits.Head, options.Limits.Fields, (int)options.Limits.Target),
            SpeaksHttp1 = options.Protocols.Contains(ProtocolKind.Http1),
            SpeaksHttp2 = options.Protocols.Contains(ProtocolKind.Http2),
            Policies = policies,
            Tls = tls,
            Engine = Engine,
            Latest = running?.Latest ?? new Live<HttpProxy>(null!),
            Connections = connections,
            Metrics = metrics,
            Requests = requests,
            Usage = Usage,
            AccessLog = AccessLog,
            Log = Log,
            Time = Context.Time,
            OnBug = Context.OnBug,
        };
    }

    /// <summary>What TLS agrees on where a listener speaks these protocols, the preferred first.</summary>
    public static ImmutableArray<ApplicationProtocol> ProtocolsOf(HttpOptions options) =>
    [
        .. options.Protocols.Select(name => name == "http2" ? ApplicationProtocol.Http2 : ApplicationProtocol.Http1).OrderDescending(),
    ];

    private static int PortOf(ValueList<HttpsListener> https, ReadOnlySpan<byte> host)
    {
        foreach (var listener in https)
        {
            if (listener.Tls.Serves(host))
            {
                return listener.Port;
            }
        }

        return 0;
    }

    private Route RouteOf(
        RouteOptions options, Dictionary<string, Upstream> upstreams, RoutePredecessors before, ProviderSet providers, LimitSet limits, CacheStore? cache, HttpMetrics requests, HttpHandler? own = null)
    {
        var captures = options.Pattern.Captures;
        var previous = before.Take(options);
        var policies = HttpPolicyCatalog.Build(options.Policies, captures.Count == 0 ? [] : [.. captures], previous?.Policies, Context, providers, limits, cache);
        return own is null && previous?.Policies == policies && before.GoesOn(previous, options)
            ? previous
            : NewRoute(options, upstreams, policies, previous, before, cache, requests, own);
    }

    private Route NewRoute(
        RouteOptions options, Dictionary<string, Upstream> upstreams, PolicyChain policies, Route? previous, RoutePredecessors before, CacheStore? cache, HttpMetrics requests, HttpHandler? own)
    {
        var name = options.Name ?? $"{options.Host}{options.Path ?? options.PathRegex ?? "/*"}";
        var retries = options.Policies.Retry is { } retry && retry == new RetryOptions() ? RetryPlan.Default : new RetryPlan(options.Policies.Retry);
        var keeper = own is null ? policies.Find<CachePolicy>() : null;
        var handler = own ?? HandlerOf(options, upstreams, options.Pattern.Captures, retries);
        return new Route
        {
            Name = name,
            Template = options.Path ?? options.PathRegex ?? "/*",
            Options = options,
            IsOwn = own is not null,
            Policies = policies,
            Handler = keeper is { Keeps: true } ? new CacheFetcher(handler, keeper, Engine, Context) : handler,
            Metrics = requests.Of(name),
            CacheScope = keeper is not { Keeps: true } ? null
                : previous is { CacheScope: { } scope } && previous.Policies.Cache == cache && previous.Policies.Providers == policies.Providers && before.LeadsAs(previous, options) ? scope
                : ScopeOf(options, upstreams, cache!),
            StandIns =
            [
                .. options.Policies.OnError.Where(page => page.Value.Upstream is not null)
                    .Select(page => (int.Parse(page.Key, CultureInfo.InvariantCulture), (HttpHandler)ForwarderTo(page.Value.Upstream!, upstreams, retries))),
            ],
        };
    }

    private static CacheScope ScopeOf(RouteOptions options, Dictionary<string, Upstream> upstreams, CacheStore cache) => new(
        cache.NextScope(),
        [
            .. new[] { options.Upstream }.OfType<string>().Concat(options.Split?.To.Keys ?? []).Select(name => upstreams[name].Options.Affinity?.Cookie).Append(options.Split?.Sticky).OfType<string>().Distinct(StringComparer.Ordinal).Select(Encoding.ASCII.GetBytes),
        ],
        [.. options.Headers.Keys.Select(Encoding.ASCII.GetBytes)]);

    private HttpHandler HandlerOf(RouteOptions options, Dictionary<string, Upstream> upstreams, IReadOnlyList<string> captures, RetryPlan retries)
    {
        HttpHandler handler = options switch
        {
            { Upstream: { } name } => ForwarderTo(name, upstreams, retries),
            { Split: { } split } => new Split(
                [.. split.To.Select(share => (share.Key, (HttpHandler)ForwarderTo(share.Key, upstreams, retries), share.Value))], split.Sticky, Context.Seeds.Next()),
            { Redirect: { } redirect } => new Redirect(redirect, captures),
            { Respond.IsReadiness: true } => new Readiness(IsReady),
            { Respond: { } respond } => new StaticResponse(respond, captures),
            _ => throw new InvalidOperationException("a route has no action"),
        };
        return options.Mirror is { Percent: > 0 } mirror ? new Mirror(handler, ForwarderTo(mirror.Upstream, upstreams, RetryPlan.Default), mirror.Percent, Engine, Context.OnBug) : handler;
    }

    private Forwarder ForwarderTo(string name, Dictionary<string, Upstream> upstreams, RetryPlan retries) => new(upstreams[name], Context.Time, Engine, retries);
}

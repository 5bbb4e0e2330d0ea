using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http;

/// <summary>What an HTTP listener does with requests: the file's <c>listeners.NAME.http</c>, the file's defaults merged in.</summary>
/// <param name="Upstream">The name of the upstream that takes all its requests; null where routes decide.</param>
internal sealed record HttpOptions(string? Upstream) : IConfigurable<HttpOptions>
{
    /// <inheritdoc/>
    public static Shape<HttpOptions> Shape { get; } = Over(new HttpTimeouts(), new HttpLimits(), new RoutePolicyOptions());

    /// <summary>The protocols that it speaks: see <see cref="ProtocolKind"/>.</summary>
    public ValueList<string> Protocols { get; init; } = [ProtocolKind.Http1, ProtocolKind.Http2];

    /// <summary>The proxies whose word on the client is taken.</summary>
    public ValueList<IPNetwork> TrustedProxies { get; init; }

    /// <summary>Time bounds of requests.</summary>
    public HttpTimeouts Timeouts { get; init; } = new();

    /// <summary>How large and how slow a request may be.</summary>
    public HttpLimits Limits { get; init; } = new();

    /// <summary>True where requests that no route takes are sent to https, by names that the file has.</summary>
    public bool RedirectToHttps { get; init; }

    /// <summary>What its routes start from; merged into <see cref="Routes"/> already.</summary>
    public RoutePolicyOptions Defaults { get; init; } = new();

    /// <summary>The routes in the order of the file, which means nothing.</summary>
    public ValueList<RouteOptions> Routes { get; init; }

    /// <summary>The routes, where there are none the one that <see cref="Upstream"/> stands for.</summary>
    public ValueList<RouteOptions> AllRoutes => Upstream is null ? Routes : [new RouteOptions { Upstream = Upstream, Policies = Defaults }];

    /// <summary>The names of all upstreams that its routes lead to, each once, in the order of the file.</summary>
    public IReadOnlyCollection<string> UpstreamNames()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var route in AllRoutes)
        {
            if (route is { Upstream: { } only, Mirror: null, Split: null, Policies.OnError.Count: 0 })
            {
                names.Add(only);
            }
            else
            {
                names.UnionWith(route.Upstreams);
            }
        }

        return names;
    }

    /// <summary>The keys of a listener that is read over what <c>defaults</c> say.</summary>
    internal static Shape<HttpOptions> Over(HttpTimeouts timeouts, HttpLimits limits, RoutePolicyOptions policies) => new(
        "http", "Layer 7: requests are routed one by one. It has `upstream`, `routes` or `redirect_to_https`.", """{routes: [{path: "/users/*", upstream: users}]}""",
        () => new((string?)null) { Timeouts = timeouts, Limits = limits, Defaults = policies }, shortForm: "upstream")
    {
        {
            "upstream", Kinds.Name("the name of an upstream"), o => o.Upstream!, (o, value) => o with { Upstream = value },
            "The upstream that takes every request."
        },
        {
            "protocols", Kinds.List(new ProtocolKind()), o => o.Protocols, (o, value) => o with { Protocols = value },
            "The protocols that it speaks. In the clear a client speaks http2 by prior knowledge: it begins with HTTP/2's preface."
        },
        {
            "trusted_proxies", Kinds.List(Kinds.Network).Or("none", []), o => o.TrustedProxies, (o, value) => o with { TrustedProxies = value },
            "The proxies in front of it whose `X-Forwarded-*` and Forwarded fields are believed. Everyone else's are replaced."
        },
        {
            "timeouts", Kinds.Record<HttpTimeouts>().Or("none", new HttpTimeouts()), o => o.Timeouts, (o, value) => o with { Timeouts = value },
            "Time bounds of requests; `none` undoes what `defaults` say."
        },
        {
            "limits", Kinds.Record<HttpLimits>().Or("none", new HttpLimits()), o => o.Limits, (o, value) => o with { Limits = value },
            "How large and how slow a request may be; `none` undoes what `defaults` say."
        },
        {
            "redirect_to_https", Kinds.Boolean, o => o.RedirectToHttps, (o, value) => o with { RedirectToHttps = value },
            "Requests that no route takes are sent to https with 308, where a certificate of one of the file's HTTP listeners with `tls` is for their host. Other hosts get 404. " +
            "Clients that name this listener's own port are sent to that listener's own port, others to 443."
        },
        {
            "defaults", Kinds.Record<RoutePolicyOptions>(), o => o.Defaults, (o, value) => o with { Defaults = value },
            "What its routes start from, over the `defaults` of the file."
        },
        {
            "routes", o => Kinds.List(Kinds.Record(RouteOptions.Over(o.Defaults))), o => o.Routes, (o, value) => o with { Routes = value },
            "The routes. Their order means nothing: the most specific one wins."
        },
    };
}

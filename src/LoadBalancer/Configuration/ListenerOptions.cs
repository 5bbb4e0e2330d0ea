using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Connections;
using LoadBalancer.Connections.RateLimit;
using LoadBalancer.Http;
using LoadBalancer.Tcp;
using LoadBalancer.Tls;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>A bound address, its protocol and connection policies: the file's <c>listeners.NAME</c>.</summary>
public sealed record ListenerOptions : IConfigurable<ListenerOptions>
{
    /// <inheritdoc/>
    public static Shape<ListenerOptions> Shape { get; } = Over(new());

    /// <summary>The addresses it accepts on, at least one.</summary>
    public ValueList<EndPoint> Bind { get; init; }

    /// <summary>How its clients speak TLS; null where they do not.</summary>
    internal TlsOptions? Tls { get; init; }

    /// <summary>Layer 4: where its connections lead; null for an HTTP listener.</summary>
    public TcpOptions? Tcp { get; init; }

    /// <summary>Layer 7: what is done with its requests; null for a TCP listener.</summary>
    internal HttpOptions? Http { get; init; }

    /// <summary>Connections at once over all its addresses, at least 1; at the bound it stops accepting.</summary>
    public int MaxConnections { get; init; } = 20_000;

    /// <summary>Time bounds of its connections.</summary>
    public TcpTimeouts Timeouts { get; init; } = new();

    /// <summary>What its keys say of who may connect; a key of a policy reads into it.</summary>
    internal ConnectionPolicyOptions ConnectionPolicies { get; init; } = ConnectionPolicyOptions.None;

    /// <summary>The names of all upstreams that it leads to, each once.</summary>
    internal IEnumerable<string> Upstreams =>
        new[] { Tcp?.Upstream, Tcp?.Otherwise }.OfType<string>()
            .Concat(Tcp?.Sni.Values ?? [])
            .Concat(Http?.UpstreamNames() ?? [])
            .Distinct(StringComparer.Ordinal);

    /// <summary>The keys of a listener that is read over <paramref name="defaults"/>.</summary>
    internal static Shape<ListenerOptions> Over(DefaultsOptions defaults) => new(
        "listener", "An address that accepts connections, and where they go: either `tcp` or `http`.",
        """{bind: ":5432", tcp: {upstream: postgres}, max_connections: 10000}""", () => new() { Timeouts = defaults.Timeouts.ForTcp })
    {
        {
            "bind", Kinds.List(Kinds.BindAddress), o => o.Bind, (o, value) => o with { Bind = value },
            "The addresses it accepts on. `\":8080\"` is every IPv4 address, `\"[::]:8080\"` every IPv6 address; port 0 takes a free port.", Presence.Required
        },
        {
            "tls", Kinds.Record<TlsOptions>(), o => o.Tls!, (o, value) => o with { Tls = value },
            "TLS termination. Without it bytes are taken as they come."
        },
        {
            "tcp", Kinds.Record<TcpOptions>(), o => o.Tcp!, (o, value) => o with { Tcp = value },
            "Layer 4: where its connections go."
        },
        {
            "http", Kinds.Record(HttpOptions.Over(defaults.Timeouts.ForHttp, defaults.Limits, defaults.Policies)), o => o.Http!, (o, value) => o with { Http = value },
            "Layer 7: what is done with its requests."
        },
        {
            "max_connections", Kinds.Integer(1, 10_000_000), o => o.MaxConnections, (o, value) => o with { MaxConnections = value },
            "Connections at once over all its addresses; at the bound it stops accepting."
        },
        {
            "max_connections_per_client", Kinds.Integer(1, 10_000_000).OrNothing("off"), o => o.ConnectionPolicies.MaxConnectionsPerClient,
            (o, value) => o with { ConnectionPolicies = o.ConnectionPolicies with { MaxConnectionsPerClient = value } },
            "Connections at once of one client: an IPv4 address, or an IPv6 network of 64 bits. More are reset; `too_many_connections`. Clients of a Unix socket are not counted."
        },
        {
            "connection_rate", Kinds.Record<ConnectionRateOptions>().OrNull("off"), o => o.ConnectionPolicies.ConnectionRate,
            (o, value) => o with { ConnectionPolicies = o.ConnectionPolicies with { ConnectionRate = value } },
            "New connections of one client, counted as for `max_connections_per_client`. More are reset; `connection_rate_exceeded`."
        },
        {
            "allow_ips", Kinds.List(Kinds.Network).Or("none", []), o => o.ConnectionPolicies.AllowIps,
            (o, value) => o with { ConnectionPolicies = o.ConnectionPolicies with { AllowIps = value } },
            "The networks and addresses whose clients may connect; `none` for no list: then all may. Others are reset; `address_denied`. Clients of a Unix socket pass: the file's mode says who they may be."
        },
        {
            "deny_ips", Kinds.List(Kinds.Network).Or("none", []), o => o.ConnectionPolicies.DenyIps,
            (o, value) => o with { ConnectionPolicies = o.ConnectionPolicies with { DenyIps = value } },
            "The networks and addresses whose clients may not connect, even where `allow_ips` has them."
        },
        {
            "accept_proxy_protocol", Kinds.List(Kinds.Network).Or("none", []), o => o.ConnectionPolicies.AcceptProxyProtocol,
            (o, value) => o with { ConnectionPolicies = o.ConnectionPolicies with { AcceptProxyProtocol = value } },
            "The proxies in front of it, which have to begin each connection with a PROXY header, v1 or v2, within `timeouts.preamble`. The client that it tells of is " +
            "the client from there on. Strict: any other peer is reset (`untrusted_proxy`), and so is a proxy without a header (`proxy_header_missing`). The peer of a Unix socket is trusted."
        },
        {
            "timeouts", Kinds.Record<TcpTimeouts>().Or("none", new TcpTimeouts()), o => o.Timeouts, (o, value) => o with { Timeouts = value },
            "Time bounds of its connections; `none` undoes what `defaults` say. An HTTP listener has but `preamble` here, and the others in `http.timeouts`."
        },
    };
}

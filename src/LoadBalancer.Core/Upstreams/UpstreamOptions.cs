using LoadBalancer.Balancing;
using LoadBalancer.Configuration;
using LoadBalancer.Connections.ProxyProtocol;
using LoadBalancer.Discovery;
using LoadBalancer.Endpoints;
using LoadBalancer.Health;
using LoadBalancer.Tls;

namespace LoadBalancer.Upstreams;

/// <summary>A named group of equivalent endpoints and how to talk to them: the file's <c>upstreams.NAME</c>.</summary>
public sealed record UpstreamOptions : IConfigurable<UpstreamOptions>
{
    /// <summary>The word of <see cref="Host"/> for what the client asked for.</summary>
    public const string KeepHost = "keep";

    /// <summary>The word of <see cref="Host"/> for the endpoint's address.</summary>
    public const string EndpointHost = "endpoint";

    /// <summary>The <see cref="Concurrency"/> that is found by measuring.</summary>
    public const int AutoConcurrency = 0;

    /// <inheritdoc/>
    public static Shape<UpstreamOptions> Shape { get; } = new(
        "upstream", "A named group of equivalent endpoints and how to talk to them.", """{balance: least_connections, endpoints: ["10.0.0.1:80", "10.0.0.2:80"]}""", () => new())
    {
        {
            "balance", Kinds.Word(BalancerCatalog.Names), o => o.Balance, (o, value) => o with { Balance = value },
            "How an endpoint is picked. `round_robin`: in turn, by weight. `least_connections`: the one with the fewest open connections for its weight. " +
            "`random_two`: of two at random, the one with fewer. `peak_ewma`: of two at random, the one that answers sooner, by its recent times and what is open at it: on http the time to the first byte, on tcp that of the connect. " +
            "`hash`: by consistent hashing, the same one for the same client."
        },
        {
            "hash", Kinds.Record<HashOptions>(), o => o.Hash, (o, value) => o with { Hash = value },
            "What `balance: hash` hashes."
        },
        {
            "affinity", Kinds.Record<AffinityOptions>().OrNull("none"), o => o.Affinity, (o, value) => o with { Affinity = value },
            "On http: a cookie that keeps a client with its endpoint, whatever `balance` says."
        },
        {
            "host", Kinds.HostHeader.Or(EndpointHost, EndpointHost).Or(KeepHost, KeepHost), o => o.Host, (o, value) => o with { Host = value },
            "On http: the Host that is sent on. `keep`: the one that the client asked for. `endpoint`: the endpoint's address. Or a name."
        },
        {
            "protocol", Kinds.Word("http1", "http2", "grpc", "auto"), o => Text(o.Protocol), (o, value) => o with { Protocol = ProtocolOf(value) },
            "On http: what the endpoints speak. `http2`: HTTP/2 from the first byte on, many requests on one connection. `grpc`: `http2`, and the silence within a response is bounded by " +
            "`timeouts.stream_idle`. `auto`: what the endpoint chooses in its TLS handshake; without TLS that is `http1`."
        },
        {
            "endpoints", Kinds.List(Kinds.Record<EndpointOptions>()), o => o.Endpoints, (o, value) => o with { Endpoints = value },
            "The endpoints, no address twice. At least one has a weight above 0. They may be left out where `discover` finds some."
        },
        {
            "discover", Kinds.Record<DiscoverOptions>().OrNull("none"), o => o.Discover, (o, value) => o with { Discover = value },
            "Endpoints that are looked up, beside those that are listed; `none` where all are listed."
        },
        {
            "send_proxy_protocol", Kinds.Word("v1", "v2").OrNull("none"), o => Text(o.SendProxyProtocol), (o, value) => o with { SendProxyProtocol = Version(value) },
            "A PROXY header before the client's first byte tells each endpoint who the client is. `v2` passes on the TLVs that an accepted v2 header had. " +
            "Probes say that they are ours: `v2` LOCAL, `v1` UNKNOWN."
        },
        {
            "tls", Kinds.Record<UpstreamTlsOptions>().OrNull("off"), o => o.Tls, (o, value) => o with { Tls = value },
            "TLS with the endpoints; `off` is none, `{}` verifies their certificates by the authorities of this machine. A handshake counts to the time of the connect, and a PROXY " +
            "header goes before it. Probes speak it too."
        },
        {
            "timeouts", Kinds.Record<UpstreamTimeouts>(), o => o.Timeouts, (o, value) => o with { Timeouts = value },
            "Time bounds towards endpoints."
        },
        {
            "health", Kinds.Record<HealthOptions>(), o => o.Health, (o, value) => o with { Health = value },
            "How endpoints are judged."
        },
        {
            "circuit_breaker", Kinds.Record<CircuitBreakerOptions>().OrNull("off"), o => o.CircuitBreaker, (o, value) => o with { CircuitBreaker = value },
            "Where too many attempts fail, whichever endpoint they go to, everything is refused at once for a while, and then a few attempts try it; `off` is none, `{}` the defaults."
        },
        {
            "slow_start", Kinds.Duration("100ms", "1h").OrNothing("off"), o => o.SlowStart, (o, value) => o with { SlowStart = value },
            "For how long an endpoint that has come back, or is new, gets less than its share, beginning with a tenth. Not with `balance: hash`."
        },
        {
            "max_connections", Kinds.Integer(1, 10_000_000).OrNothing("off"), o => o.MaxConnections, (o, value) => o with { MaxConnections = value },
            "Connections at once to each endpoint; on http those that lie idle are among them, and are closed where another loop needs the room. Where all are at this cap, new ones wait for room, the oldest first. " +
            "With HTTP/2 to endpoints give at least as many as there are loops: each has one kept for it, and fewer have to take turns."
        },
        {
            "max_requests", Kinds.Integer(1, 10_000_000).OrNothing("off"), o => o.MaxRequests, (o, value) => o with { MaxRequests = value },
            "Requests at once at each endpoint; a WebSocket, an event stream and a call of gRPC count to their end, and a connection of a tcp listener is one. " +
            "Where all are at this cap, new ones wait for room, the important first."
        },
        {
            "concurrency", Kinds.Integer(1, 100_000).Or("auto", AutoConcurrency).OrNothing("off"), o => o.Concurrency, (o, value) => o with { Concurrency = value },
            "On http: requests under way at once, over all endpoints. `auto`: as many as can be without waiting for each other at the endpoints, found from how long answers take. " +
            "Where there are more they wait, the important first (`shed` of a route); what waits too long, or is too many, gets 503 `overloaded`."
        },
        {
            "max_pending", Kinds.Integer(0, 1_000_000), o => o.MaxPending, (o, value) => o with { MaxPending = value },
            "How many may wait for room at once; one more is closed, or on http gets 503. On http the least important goes first."
        },
        {
            "pending_timeout", Kinds.Duration("1ms", "1h"), o => o.PendingTimeout, (o, value) => o with { PendingTimeout = value },
            "For how long a connection may wait for room; then it is closed, or on http gets 503. For `concurrency` it is less the longer an overload lasts."
        },
    };

    /// <summary>The balancer's name in the catalogue.</summary>
    public string Balance { get; init; } = "round_robin";

    /// <summary>What <c>balance: hash</c> hashes.</summary>
    public HashOptions Hash { get; init; } = new();

    /// <summary>On http: the cookie that keeps a client with its endpoint; null for none.</summary>
    public AffinityOptions? Affinity { get; init; }

    /// <summary>On http: the Host that is sent on: <see cref="KeepHost"/>, <see cref="EndpointHost"/> or a name, with a port where it has one.</summary>
    public string Host { get; init; } = KeepHost;

    /// <summary>On http: what the endpoints speak.</summary>
    public UpstreamProtocol Protocol { get; init; }

    /// <summary>The endpoints that are listed, no address twice; empty only where there is a discovery.</summary>
    public ValueList<EndpointOptions> Endpoints { get; init; }

    /// <summary>Where further endpoints come from; null where all are listed.</summary>
    public DiscoverOptions? Discover { get; init; }

    /// <summary>The PROXY header that endpoints get first; null for none.</summary>
    public ProxyVersion? SendProxyProtocol { get; init; }

    /// <summary>How TLS is spoken with endpoints; null where it is not.</summary>
    public UpstreamTlsOptions? Tls { get; init; }

    /// <summary>Time bounds towards endpoints.</summary>
    public UpstreamTimeouts Timeouts { get; init; } = new();

    /// <summary>How endpoints are judged.</summary>
    public HealthOptions Health { get; init; } = new();

    /// <summary>When it is left alone for a while; null for never.</summary>
    public CircuitBreakerOptions? CircuitBreaker { get; init; }

    /// <summary>Open connections at each endpoint, at most, idle ones included; null is any number.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>Requests at once at each endpoint, at most, and connections of tcp listeners; null is any number.</summary>
    public int? MaxRequests { get; init; }

    /// <summary>On http: exchanges at once, over all endpoints; <see cref="AutoConcurrency"/> is found by measuring, null is any number.</summary>
    public int? Concurrency { get; init; }

    /// <summary>Connections that wait for an endpoint below <see cref="MaxConnections"/>, at most.</summary>
    public int MaxPending { get; init; } = 1000;

    /// <summary>How long one waits for an endpoint below <see cref="MaxConnections"/>, at most.</summary>
    public TimeSpan PendingTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The ramp of endpoints that have become available; null is none.</summary>
    public TimeSpan? SlowStart { get; init; }

    /// <summary>Leases at each endpoint, at most; null is any number. Where a connection has one request at a time, there are no more requests than connections.</summary>
    internal int? MaxLeases => SharesConnections || MaxConnections is null ? MaxRequests : Math.Min(MaxConnections.Value, MaxRequests ?? int.MaxValue);

    /// <summary>The name of the endpoints where <see cref="Tls"/> gives none; null for their addresses.</summary>
    internal string? OwnName => Host is not (KeepHost or EndpointHost) && HostNameOf(Host) is { } host ? host : Discover?.Dns.Name.TrimEnd('.');

    private bool SharesConnections => Protocol is UpstreamProtocol.Http2 or UpstreamProtocol.Grpc || (Protocol == UpstreamProtocol.Auto && Tls is not null);

    // Without its port; an IP address is none.
    private static string? HostNameOf(string host)
    {
        var name = host.Split(':')[0];
        return host[0] == '[' || System.Net.IPAddress.TryParse(name, out _) ? null : name;
    }

    private static string Text(UpstreamProtocol protocol) => protocol switch
    {
        UpstreamProtocol.Http2 => "http2",
        UpstreamProtocol.Grpc => "grpc",
        UpstreamProtocol.Auto => "auto",
        _ => "http1",
    };

    private static UpstreamProtocol ProtocolOf(string text) => text switch
    {
        "http2" => UpstreamProtocol.Http2,
        "grpc" => UpstreamProtocol.Grpc,
        "auto" => UpstreamProtocol.Auto,
        _ => UpstreamProtocol.Http1,
    };

    private static string? Text(ProxyVersion? version) => version switch
    {
        ProxyVersion.V1 => "v1",
        ProxyVersion.V2 => "v2",
        _ => null,
    };

    private static ProxyVersion? Version(string? text) => text switch
    {
        "v1" => ProxyVersion.V1,
        "v2" => ProxyVersion.V2,
        _ => null,
    };
}

using LoadBalancer.Balancing;
using LoadBalancer.Configuration;
using LoadBalancer.Connections.ProxyProtocol;
using LoadBalancer.Discovery;
using LoadBalancer.Endpoints;
using LoadBalancer.Health;

namespace LoadBalancer.Upstreams;

/// <summary>A named group of equivalent endpoints and how to talk to them: the file's <c>upstreams.NAME</c>.</summary>
public sealed record UpstreamOptions : IConfigurable<UpstreamOptions>
{
    /// <inheritdoc/>
    public static Shape<UpstreamOptions> Shape { get; } = new(
        "upstream", "A named group of equivalent endpoints and how to talk to them.", """{balance: least_connections, endpoints: ["10.0.0.1:80", "10.0.0.2:80"]}""", () => new())
    {
        {
            "balance", Kinds.Word(BalancerCatalog.Names), o => o.Balance, (o, value) => o with { Balance = value },
            "How an endpoint is picked. `round_robin`: in turn, by weight. `least_connections`: the one with the fewest open connections for its weight. " +
            "`hash`: by consistent hashing, the same one for the same client."
        },
        {
            "hash", Kinds.Record(HashOptions.Shape), o => new HashOptions(o.HashOn), (o, value) => o with { HashOn = value.On },
            "What `balance: hash` hashes."
        },
        {
            "endpoints", Kinds.List(Kinds.Record(EndpointOptions.Shape)), o => o.Endpoints, (o, value) => o with { Endpoints = value },
            "The endpoints, no address twice. At least one has a weight above 0. They may be left out where `discover` finds some."
        },
        {
            "discover", Kinds.Record(DiscoverOptions.Shape).OrNull("none"), o => o.Discover, (o, value) => o with { Discover = value },
            "Endpoints that are looked up, beside those that are listed; `none` where all are listed."
        },
        {
            "send_proxy_protocol", Kinds.Word("v1", "v2").OrNull("none"), o => Text(o.SendProxyProtocol), (o, value) => o with { SendProxyProtocol = Version(value) },
            "A PROXY header before the client's first byte tells each endpoint who the client is. `v2` passes on the TLVs that an accepted v2 header had. " +
            "Probes say that they are ours: `v2` LOCAL, `v1` UNKNOWN."
        },
        {
            "timeouts", Kinds.Record(UpstreamTimeouts.Shape), o => o.Timeouts, (o, value) => o with { Timeouts = value },
            "Time bounds towards endpoints."
        },
        {
            "health", Kinds.Record(HealthOptions.Shape), o => o.Health, (o, value) => o with { Health = value },
            "How endpoints are judged."
        },
    };

    /// <summary>The balancer's name in the catalogue.</summary>
    public string Balance { get; init; } = "round_robin";

    /// <summary>What <c>balance: hash</c> hashes; only <c>client_ip</c>.</summary>
    public string HashOn { get; init; } = "client_ip";

    /// <summary>The endpoints that are listed, no address twice; empty only where there is a discovery.</summary>
    public ValueList<EndpointOptions> Endpoints { get; init; }

    /// <summary>Where further endpoints come from; null where all are listed.</summary>
    public DiscoverOptions? Discover { get; init; }

    /// <summary>The PROXY header that endpoints get first; null for none.</summary>
    public ProxyVersion? SendProxyProtocol { get; init; }

    /// <summary>Time bounds towards endpoints.</summary>
    public UpstreamTimeouts Timeouts { get; init; } = new();

    /// <summary>How endpoints are judged.</summary>
    public HealthOptions Health { get; init; } = new();

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

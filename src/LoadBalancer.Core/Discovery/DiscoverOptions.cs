using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Discovery.Dns;

namespace LoadBalancer.Discovery;

/// <summary>Where endpoints come from that the file does not list: the file's <c>upstreams.NAME.discover</c>.</summary>
public sealed record DiscoverOptions : IConfigurable<DiscoverOptions>
{
    /// <inheritdoc/>
    public static Shape<DiscoverOptions> Shape { get; } = new(
        "discover", "Endpoints that are looked up.", """{dns: "orders.internal:8000"}""", () => new())
    {
        {
            "dns", Kinds.NameWithPort, o => o.Dns, (o, value) => o with { Dns = value },
            $"A name and a port: every IPv4 and IPv6 address of the name is an endpoint with that port, {DnsDiscovery.MostAddresses} of them at most. It is looked up as the machine does it (`/etc/hosts`, " +
            "then the servers, `search` and `options` of `/etc/resolv.conf`), and again when the answer's TTL has passed.", Presence.Required
        },
        {
            "resolver", Kinds.List(Kinds.NameServerAddress), o => o.Resolver, (o, value) => o with { Resolver = value },
            "The name servers to ask instead of those of `/etc/resolv.conf`."
        },
        {
            "weight", Kinds.Integer(0, 256), o => o.Weight, (o, value) => o with { Weight = value },
            "The weight of each endpoint that is found. One that stands in `endpoints` as well has the weight given there."
        },
        {
            "min_interval", Kinds.Duration("100ms", "1h"), o => o.MinInterval, (o, value) => o with { MinInterval = value },
            "The name is not looked up more often than this, however short its TTL, and at least every 5 minutes (or this, if it is longer), however long."
        },
    };

    /// <summary>The name and the port of its endpoints.</summary>
    public NameWithPort Dns { get; init; }

    /// <summary>The name servers, instead of the machine's; empty for those.</summary>
    public ValueList<EndPoint> Resolver { get; init; }

    /// <summary>The weight of each endpoint that is found, 0 to 256.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>The least time from one look to the next; 100 ms to 1 h.</summary>
    public TimeSpan MinInterval { get; init; } = TimeSpan.FromSeconds(1);
}

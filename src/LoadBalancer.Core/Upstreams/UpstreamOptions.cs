using LoadBalancer.Configuration;
using LoadBalancer.Endpoints;
using LoadBalancer.Health;

namespace LoadBalancer.Upstreams;

/// <summary>A named group of equivalent endpoints and how to talk to them: the file's <c>upstreams.NAME</c>.</summary>
public sealed record UpstreamOptions
{
    /// <summary>The balancer's name in the catalogue; default <c>round_robin</c>.</summary>
    public string Balance { get; init; } = "round_robin";

    /// <summary>What <c>balance: hash</c> hashes; only <c>client_ip</c>, the default.</summary>
    public string HashOn { get; init; } = "client_ip";

    /// <summary>The endpoints, at least one, no address twice.</summary>
    public ValueList<EndpointOptions> Endpoints { get; init; }

    /// <summary>Time bounds towards endpoints.</summary>
    public UpstreamTimeouts Timeouts { get; init; } = new();

    /// <summary>How endpoints are judged.</summary>
    public HealthOptions Health { get; init; } = new();
}

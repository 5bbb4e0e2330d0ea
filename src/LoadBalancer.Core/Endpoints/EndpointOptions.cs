using System.Net;
using LoadBalancer.Configuration;

namespace LoadBalancer.Endpoints;

/// <summary>One endpoint as the file writes it: <c>"10.0.0.1:80"</c> or <c>{address: "10.0.0.1:80", weight: 2, backup: true}</c>.</summary>
public sealed record EndpointOptions : IConfigurable<EndpointOptions>
{
    /// <inheritdoc/>
    public static Shape<EndpointOptions> Shape { get; } = new(
        "endpoint", "One address that serves the upstream.", """{address: "10.0.0.1:80", weight: 2}""", () => new() { Address = null! }, shortForm: "address")
    {
        {
            "address", Kinds.EndpointAddress, o => o.Address, (o, value) => o with { Address = value },
            "Where it listens: an IP address and a port, or `unix:/path`. An address stands once in an upstream.", Presence.Required
        },
        {
            "weight", Kinds.Integer(0, 256), o => o.Weight, (o, value) => o with { Weight = value },
            "Its share of traffic relative to the others. At 0 it gets no new connection."
        },
        {
            "backup", Kinds.Boolean, o => o.Backup, (o, value) => o with { Backup = value },
            "True where it is used only while no other endpoint is available."
        },
    };

    /// <summary>Where it listens: an <see cref="IPEndPoint"/> (port 1 to 65535) or a <see cref="System.Net.Sockets.UnixDomainSocketEndPoint"/>.</summary>
    public required EndPoint Address { get; init; }

    /// <summary>Its share of traffic relative to the others, 0 to 256. At 0 it gets no new connection.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>True where it is used only while no other endpoint is available.</summary>
    public bool Backup { get; init; }
}

using System.Net;

namespace LoadBalancer.Endpoints;

/// <summary>One endpoint as the file writes it: <c>"10.0.0.1:80"</c> or <c>{address: "10.0.0.1:80", weight: 2, backup: true}</c>.</summary>
public sealed record EndpointOptions
{
    /// <summary>Where it listens: an <see cref="IPEndPoint"/> (port 1 to 65535) or a <see cref="System.Net.Sockets.UnixDomainSocketEndPoint"/>.</summary>
    public required EndPoint Address { get; init; }

    /// <summary>Its share of traffic relative to the others, 0 to 256, default 1. At 0 it gets no new connection.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>True where it is used only while no other endpoint is available; default false.</summary>
    public bool Backup { get; init; }
}

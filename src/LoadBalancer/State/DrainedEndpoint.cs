using LoadBalancer.Configuration;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Daemon.State;

/// <summary>An endpoint that an operator has drained.</summary>
/// <param name="Upstream">The upstream's name.</param>
/// <param name="Endpoint">Its address as the file writes it.</param>
/// <param name="Since">Since when.</param>
/// <param name="By">Who did it, as the log names them.</param>
internal sealed record DrainedEndpoint(string Upstream, string Endpoint, DateTimeOffset Since, string By)
{
    /// <summary>Its identity; null where the address is none, as in a file that somebody has edited.</summary>
    public EndpointId? Id() => AddressText.TryParse(Endpoint, AddressUse.Endpoint, out var address) ? new EndpointId(Upstream, address) : null;
}

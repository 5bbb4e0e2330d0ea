using System.Text.Json.Serialization;
using LoadBalancer.Configuration;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Daemon.State;

/// <summary>What an operator has said of an endpoint.</summary>
/// <param name="Upstream">The upstream's name.</param>
/// <param name="Endpoint">Its address as the file writes it.</param>
/// <param name="Since">Since when.</param>
/// <param name="By">Who did it, as the log names them.</param>
/// <param name="Weight">The weight that it was given; null where it was drained.</param>
internal sealed record EndpointNote(
    string Upstream, string Endpoint, DateTimeOffset Since, string By, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Weight = null)
{
    /// <summary>Its identity; null where the address is none, as in a file that somebody has edited.</summary>
    public EndpointId? Id() => AddressText.TryParse(Endpoint, AddressUse.Endpoint, out var address) ? new EndpointId(Upstream, address) : null;
}

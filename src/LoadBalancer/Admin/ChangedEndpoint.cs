using System.Text.Json.Serialization;
using LoadBalancer.Daemon.Status;

namespace LoadBalancer.Daemon.Admin;

/// <summary>An endpoint after a change of it.</summary>
/// <param name="Address">Its address as the file writes it.</param>
/// <param name="State">Whether it is picked, and if not, why; null where the upstream has it no more.</param>
/// <param name="Weight">Its share of traffic now; null likewise.</param>
/// <param name="ActiveConnections">Connections to it that are open.</param>
/// <param name="Until">When they are ended; null where they go on.</param>
internal sealed record ChangedEndpoint(
    string Address, EndpointState? State, int? Weight, long ActiveConnections, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? Until = null);

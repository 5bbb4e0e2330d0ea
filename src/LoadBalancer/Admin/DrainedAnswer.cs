using LoadBalancer.Daemon.Status;

namespace LoadBalancer.Daemon.Admin;

/// <summary>An endpoint after a drain or its end.</summary>
/// <param name="Address">Its address as the file writes it.</param>
/// <param name="State">Whether it is picked, and if not, why; null where the upstream has it no more.</param>
/// <param name="ActiveConnections">Connections to it that are open.</param>
internal sealed record DrainedAnswer(string Address, EndpointState? State, long ActiveConnections);

namespace LoadBalancer.Daemon.State;

/// <summary>What drained.json holds.</summary>
/// <param name="Version">The form of the document; this program reads and writes 1.</param>
/// <param name="Endpoints">The endpoints that operators have drained.</param>
internal sealed record DrainedDocument(int Version, IReadOnlyList<DrainedEndpoint> Endpoints);

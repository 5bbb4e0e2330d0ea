namespace LoadBalancer.Daemon.State;

/// <summary>What drained.json and weights.json hold.</summary>
/// <param name="Version">The form of the document; this program reads and writes 1.</param>
/// <param name="Endpoints">What operators have said, of each endpoint.</param>
internal sealed record NotesDocument(int Version, IReadOnlyList<EndpointNote> Endpoints);

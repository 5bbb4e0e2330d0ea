namespace LoadBalancer.Daemon.Admin;

/// <summary>What a change of endpoints has left.</summary>
/// <param name="Upstream">The upstream.</param>
/// <param name="Endpoints">The endpoints that were meant.</param>
internal sealed record ChangedAnswer(string Upstream, IReadOnlyList<ChangedEndpoint> Endpoints);

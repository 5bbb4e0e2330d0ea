namespace LoadBalancer.Daemon.Admin;

/// <summary>What a drain or its end has left.</summary>
/// <param name="Upstream">The upstream.</param>
/// <param name="Endpoints">The endpoints that were meant.</param>
internal sealed record DrainAnswer(string Upstream, IReadOnlyList<DrainedAnswer> Endpoints);

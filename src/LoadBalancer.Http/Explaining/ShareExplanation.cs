namespace LoadBalancer.Http.Explaining;

/// <summary>One of the upstreams that share a route's requests.</summary>
/// <param name="Upstream">Its name.</param>
/// <param name="Share">Its share, 0 to 1.</param>
/// <param name="Chosen">True for the one that this request would go to.</param>
internal sealed record ShareExplanation(string Upstream, double Share, bool Chosen);

namespace LoadBalancer.Http.Explaining;

/// <summary>One of the upstreams that share a route's requests.</summary>
/// <param name="Upstream">Its name.</param>
/// <param name="Share">Its share, 0 to 1.</param>
/// <param name="Chosen">True for the one that this request would go to.</param>
internal sealed record ShareExplanation(string Upstream, double Share, bool Chosen)
{
    /// <summary>The shares whose sums up to each are these.</summary>
    public static IReadOnlyList<ShareExplanation> Of(string[] names, double[] sums, int chosen) =>
        [.. names.Select((name, at) => new ShareExplanation(name, Math.Round(sums[at] - (at == 0 ? 0 : sums[at - 1]), 9), at == chosen))];
}

namespace LoadBalancer.Http.Explaining;

/// <summary>What a route does with a request that its policies let pass.</summary>
/// <param name="Kind">The word of the file: <c>upstream</c>, <c>split</c>, <c>redirect</c>, <c>respond</c>, <c>readiness</c>, <c>mirror</c>, <c>redirect_to_https</c>.</param>
/// <param name="Detail">What of it; null where the word says all.</param>
internal sealed record ActionExplanation(string Kind, string? Detail = null)
{
    /// <summary>Which upstream, and how it chooses; of <c>upstream</c> only.</summary>
    public UpstreamExplanation? Upstream { get; init; }

    /// <summary>The shares, of <c>split</c> only.</summary>
    public IReadOnlyList<ShareExplanation> Shares { get; init; } = [];
}

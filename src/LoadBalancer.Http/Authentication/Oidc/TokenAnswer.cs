namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>What a token endpoint answered. Immutable.</summary>
/// <param name="IdToken">The token that says who it is, not yet verified; null for none.</param>
/// <param name="RefreshToken">What asks again; null for none.</param>
/// <param name="ExpiresIn">How many seconds the access token lasts; null where that is not told.</param>
/// <param name="IsRefused">True where the code or the refresh token is no good.</param>
/// <param name="Failure">Why there was no answer, a sentence without a token; null where there was.</param>
internal sealed record TokenAnswer(string? IdToken, string? RefreshToken, long? ExpiresIn, bool IsRefused = false, string? Failure = null)
{
    /// <summary>Nobody knows.</summary>
    public static TokenAnswer Failed(string failure) => new(null, null, null, Failure: failure);
}

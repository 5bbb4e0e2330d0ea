using LoadBalancer.Faults;

namespace LoadBalancer.Http.Authentication.Introspection;

/// <summary>What an issuer says of a token. Immutable.</summary>
/// <param name="Identity">Whose it is; null where it is refused.</param>
/// <param name="Refusal">Why it is refused.</param>
/// <param name="Failure">Why the issuer could not be asked, a sentence without the token; null where it was.</param>
internal sealed record IntrospectionAnswer(Identity? Identity, FaultKind Refusal = FaultKind.None, string? Failure = null)
{
    /// <summary>The token is no good.</summary>
    public static IntrospectionAnswer Refused(FaultKind why) => new(null, why);

    /// <summary>Nobody knows.</summary>
    public static IntrospectionAnswer Failed(string failure) => new(null, FaultKind.ProviderUnavailable, failure);
}

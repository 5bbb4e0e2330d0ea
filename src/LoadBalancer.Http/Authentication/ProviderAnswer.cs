using LoadBalancer.Faults;

namespace LoadBalancer.Http.Authentication;

/// <summary>What a provider says of a request.</summary>
/// <param name="Verdict">What it found.</param>
/// <param name="Identity">Who calls; of <see cref="ProviderVerdict.Known"/> only.</param>
/// <param name="Fault">Why not; of <see cref="ProviderVerdict.Refused"/> only.</param>
/// <param name="IsRemembered">True where a refusal is one of before: whoever sends the same again does not guess.</param>
internal readonly record struct ProviderAnswer(ProviderVerdict Verdict, Identity? Identity, FaultKind Fault, bool IsRemembered = false)
{
    /// <summary>None of its credentials is there.</summary>
    public static ProviderAnswer Absent => default;

    /// <summary>It has put the response into the exchange.</summary>
    public static ProviderAnswer Answered => new(ProviderVerdict.Answered, null, FaultKind.None);

    /// <summary>A good credential.</summary>
    public static ProviderAnswer Known(Identity identity) => new(ProviderVerdict.Known, identity, FaultKind.None);

    /// <summary>One that is no good; <see cref="FaultKind.ProviderUnavailable"/> where that cannot be found out.</summary>
    public static ProviderAnswer Refuse(FaultKind why) => new(ProviderVerdict.Refused, null, why);

    /// <summary>One that was no good before, and was not looked at again.</summary>
    public static ProviderAnswer RefuseAgain(FaultKind why) => new(ProviderVerdict.Refused, null, why, IsRemembered: true);
}

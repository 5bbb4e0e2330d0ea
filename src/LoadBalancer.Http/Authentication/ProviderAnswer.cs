using LoadBalancer.Faults;

namespace LoadBalancer.Http.Authentication;

/// <summary>What a provider says of a request.</summary>
/// <param name="Verdict">What it found.</param>
/// <param name="Identity">Who calls; of <see cref="ProviderVerdict.Known"/> only.</param>
/// <param name="Fault">Why not; of <see cref="ProviderVerdict.Refused"/> only.</param>
internal readonly record struct ProviderAnswer(ProviderVerdict Verdict, Identity? Identity, FaultKind Fault)
{
    /// <summary>None of its credentials is there.</summary>
    public static ProviderAnswer Absent => default;

    /// <summary>It has put the response into the exchange.</summary>
    public static ProviderAnswer Answered => new(ProviderVerdict.Answered, null, FaultKind.None);

    /// <summary>A good credential.</summary>
    public static ProviderAnswer Known(Identity identity) => new(ProviderVerdict.Known, identity, FaultKind.None);

    /// <summary>One that is no good; <see cref="FaultKind.ProviderUnavailable"/> where that cannot be found out.</summary>
    public static ProviderAnswer Refuse(FaultKind why) => new(ProviderVerdict.Refused, null, why);
}

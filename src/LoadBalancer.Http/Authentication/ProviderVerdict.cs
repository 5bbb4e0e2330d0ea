namespace LoadBalancer.Http.Authentication;

/// <summary>What a provider found in a request.</summary>
internal enum ProviderVerdict : byte
{
    /// <summary>None of its credentials: another provider may decide.</summary>
    Absent,

    /// <summary>A good credential.</summary>
    Known,

    /// <summary>A credential that is no good, or that cannot be verified now.</summary>
    Refused,

    /// <summary>A request that is for the provider itself, such as the way back from a login: the response is in the exchange.</summary>
    Answered,
}

using LoadBalancer.Faults;

namespace LoadBalancer.Http.Authentication.External;

/// <summary>What a check service says of a request. Immutable.</summary>
/// <param name="Identity">Who calls; null where the request is refused.</param>
/// <param name="Refusal">Why it is refused.</param>
/// <param name="Challenges">What the client may try instead: values of WWW-Authenticate.</param>
/// <param name="IsKept">True where it may be remembered.</param>
/// <param name="Failure">Why the service could not be asked, a sentence without a credential; null where it was.</param>
internal sealed record ExternalAnswer(Identity? Identity, FaultKind Refusal, byte[][] Challenges, bool IsKept, string? Failure = null)
{
    /// <summary>The service could not be asked.</summary>
    public static ExternalAnswer Failed(string failure) => new(null, FaultKind.ProviderUnavailable, [], false, failure);
}

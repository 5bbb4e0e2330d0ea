using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication.Jwt;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication;

/// <summary>
/// One way to establish who calls: an entry of the file's <c>auth</c>, as it runs. Thread-safe; what it does with an exchange is on that
/// exchange's loop.
/// </summary>
/// <param name="name">Its name in the file.</param>
internal abstract class IdentityProvider(string name)
{
    /// <summary>Its name in the file.</summary>
    public string Name => name;

    /// <summary>The file that it reads besides lb.yaml, which is watched; null for none.</summary>
    public virtual CredentialFile? File => null;

    /// <summary>The keys that it has from its issuer by the network; null where it has none so.</summary>
    public virtual JwksSource? IssuerKeys => null;

    /// <summary>True where the request has its kind of credential, be it a bad one or several. Waits for nothing and changes nothing.</summary>
    public abstract bool IsPresent(Exchange exchange);

    /// <summary>Verifies the credential of a request that has one; at once where it is remembered. May note facts in <see cref="Exchange.Decisions"/>, secrets never.</summary>
    public abstract ValueTask<ProviderAnswer> IdentifyAsync(Exchange exchange);

    /// <summary>True where <see cref="IdentifyAsync"/> would answer from memory: who is known need not be kept from guessing.</summary>
    public virtual bool IsCached(Exchange exchange) => false;

    /// <summary>A value of WWW-Authenticate for a 401 (RFC 9110 section 11.6.1); null for none. Made once, not for each request.</summary>
    /// <param name="why">The refusal; <see cref="FaultKind.CredentialMissing"/> where there was no credential.</param>
    public virtual byte[]? Challenge(FaultKind why) => null;

    /// <summary>Where a request has no credential of any provider: puts the way to a login into the response, if this client can go it.</summary>
    /// <returns>True where it did.</returns>
    public virtual bool TryLogIn(Exchange exchange) => false;

    /// <summary>Takes its credentials out of a request that is let pass, unless the endpoint is to have them.</summary>
    public virtual void RemoveCredential(Exchange exchange)
    {
    }

    /// <summary>A configuration that has it takes effect: what it does in the background begins. Again and again without harm.</summary>
    public virtual void Begin()
    {
    }

    /// <summary>No configuration that is in force has it any more: what it does in the background ends. Requests that began with it still ask it.</summary>
    public virtual void Retire()
    {
    }
}

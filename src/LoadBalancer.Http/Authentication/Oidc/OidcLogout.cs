using LoadBalancer.Faults;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>Answers at the path that logs out: the session's cookies go, and the browser goes on to the provider's own logout. Immutable and thread-safe.</summary>
/// <remarks>Nobody else's page can log a person out: a request has to come from a page of the same origin.</remarks>
/// <param name="providers">Whose sessions end there.</param>
internal sealed class OidcLogout(IReadOnlyList<OidcProvider> providers) : HttpHandler
{
    /// <inheritdoc/>
    public override ValueTask<Fault> HandleAsync(Exchange exchange)
    {
        if (exchange.Request.Method == RequestMethod.Head || !Browser.IsSameOrigin(exchange))
        {
            return new(new Fault(FaultSide.Client, FaultKind.OriginDenied));
        }

        OidcLogin.Redirect(exchange, 303, LogOut(exchange));
        return OwnResponse.SendAsync(exchange);
    }

    /// <summary>Ends the sessions of all the providers.</summary>
    /// <returns>Where the browser goes on: a browser can go to the logout of one, the first.</returns>
    internal string LogOut(Exchange exchange)
    {
        string? next = null;
        foreach (var provider in providers)
        {
            // Not in one line with ??=, which would leave the others logged in.
            var to = provider.LogOut(exchange);
            next ??= to;
        }

        return next ?? "/";
    }

    /// <inheritdoc/>
    public override ValueTask<Fault> RehearseAsync(Exchange exchange, Rehearsal rehearsal)
    {
        rehearsal.Actions.Add(new ActionExplanation("logout", "the session's cookies go, and the browser goes on to the provider's own logout"));
        return new(Browser.IsSameOrigin(exchange) ? Fault.None : new Fault(FaultSide.Client, FaultKind.OriginDenied));
    }
}

using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>Answers at the path to which browsers come back from a login. Immutable and thread-safe.</summary>
/// <param name="providers">Whose logins come back there.</param>
internal sealed class OidcCallback(IReadOnlyList<OidcProvider> providers) : HttpHandler
{
    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public override async ValueTask<Fault> HandleAsync(Exchange exchange)
    {
        // HEAD is a program that looks at links: it must not use up what the person's own request needs.
        var query = exchange.Request.Method == RequestMethod.Get ? CallbackQuery.Read(exchange.Request.Query) : null;
        for (var at = 0; query is not null && at < providers.Count; at++)
        {
            if (providers[at].Login.Owns(exchange, query.State))
            {
                var fault = await providers[at].Login.EndAsync(exchange, query);
                return fault.Failed ? fault : await OwnResponse.SendAsync(exchange);
            }
        }

        return new Fault(FaultSide.Client, FaultKind.LoginInvalid);
    }

    /// <inheritdoc/>
    public override ValueTask<Fault> RehearseAsync(Exchange exchange, Rehearsal rehearsal)
    {
        rehearsal.Actions.Add(new ActionExplanation("login", "the way back from a login: its code is redeemed once, by the browser that began"));
        var begun = CallbackQuery.Read(exchange.Request.Query) is { } query && providers.Any(provider => provider.Login.Owns(exchange, query.State));
        return new(begun ? Fault.None : new Fault(FaultSide.Client, FaultKind.LoginInvalid));
    }
}

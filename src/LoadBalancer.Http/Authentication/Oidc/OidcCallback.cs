using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>Answers at the path to which browsers come back from a login. Immutable and thread-safe.</summary>
/// <remarks>No policy <c>auth</c> comes before it, so that it keeps by itself to <c>auth_failures</c>: each way back with a code is a question to the provider.</remarks>
/// <param name="providers">Whose logins come back there.</param>
/// <param name="failures">Who keeps clients from guessing; null for nobody.</param>
internal sealed class OidcCallback(IReadOnlyList<OidcProvider> providers, FailureThrottle? failures) : HttpHandler
{
    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public override async ValueTask<Fault> HandleAsync(Exchange exchange)
    {
        if (failures is not null && failures.WaitOf(exchange) is { Ticks: > 0 } wait)
        {
            exchange.RetryAfterSeconds = (int)Math.Ceiling(wait.TotalSeconds);
            return new Fault(FaultSide.Client, FaultKind.TooManyFailures);
        }

        // HEAD is a program that looks at links: it must not use up what the person's own request needs.
        var query = exchange.Request.Method == RequestMethod.Get ? CallbackQuery.Read(exchange.Request.Query) : null;
        for (var at = 0; query is not null && at < providers.Count; at++)
        {
            if (providers[at].Login.Owns(exchange, query.State))
            {
                var fault = await providers[at].Login.EndAsync(exchange, query);
                return fault.Failed ? Counted(exchange, fault) : await OwnResponse.SendAsync(exchange);
            }
        }

        var invalid = new Fault(FaultSide.Client, FaultKind.LoginInvalid);
        return query is null ? invalid : Counted(exchange, invalid);
    }

    /// <inheritdoc/>
    public override ValueTask<Fault> RehearseAsync(Exchange exchange, Rehearsal rehearsal)
    {
        rehearsal.Actions.Add(new ActionExplanation("login", "the way back from a login: its code is redeemed once, by the browser that began"));
        var begun = CallbackQuery.Read(exchange.Request.Query) is { } query && providers.Any(provider => provider.Login.Owns(exchange, query.State));
        return new(begun ? Fault.None : new Fault(FaultSide.Client, FaultKind.LoginInvalid));
    }

    private Fault Counted(Exchange exchange, Fault fault)
    {
        failures?.Count(exchange, ProviderAnswer.Refuse(fault.Kind));
        return fault;
    }
}

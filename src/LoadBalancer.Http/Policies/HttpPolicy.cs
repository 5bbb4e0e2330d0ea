using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Policies;

/// <summary>
/// A named step of a route that may inspect, change, refuse or answer an exchange. Immutable wiring, thread-safe; every call is on the
/// loop of its exchange. See <see cref="HttpPolicyCatalog"/> for the order.
/// </summary>
/// <remarks>
/// Two calls and not one around the rest, as middleware has it: a response is streamed, so that nobody after the head could change it
/// anyway, and a step that is not on the stack while an endpoint answers costs nothing meanwhile (ADR 0005).
/// </remarks>
internal abstract class HttpPolicy
{
    /// <summary>Its word in the file, by which traces, metrics and a route's <c>shadow</c> call it.</summary>
    public abstract string Key { get; }

    /// <summary>Looks at the request before it is forwarded. Completes at once where it need not wait.</summary>
    /// <returns>What is to happen; the first who refuses or answers decides, and nobody after it is asked.</returns>
    public virtual ValueTask<PolicyOutcome> OnRequestAsync(Exchange exchange) => new(PolicyOutcome.Allowed);

    /// <summary>Looks at the head of the response before it is sent, be it of an endpoint or lb's own. In reverse order; of all policies of the route whose <see cref="OnRequestAsync"/> was asked.</summary>
    public virtual void OnResponse(Exchange exchange)
    {
    }

    /// <summary>Hears that the exchange has ended, however it did; of all whose <see cref="OnRequestAsync"/> was asked. In reverse order.</summary>
    public virtual void OnEnd(Exchange exchange)
    {
    }
}

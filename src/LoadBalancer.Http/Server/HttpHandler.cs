using LoadBalancer.Faults;
using LoadBalancer.Http.Explaining;

namespace LoadBalancer.Http.Server;

/// <summary>Answers exchanges: forwards them, redirects, responds by itself. Immutable and thread-safe.</summary>
internal abstract class HttpHandler
{
    /// <summary>
    /// Answers one exchange, on its loop. It never throws for an expected outcome: where it fails before the response has started, the
    /// caller turns the fault into a response; afterwards the caller breaks the response off.
    /// </summary>
    /// <returns><see cref="Fault.None"/> where a whole response was written.</returns>
    public abstract ValueTask<Fault> HandleAsync(Exchange exchange);

    /// <summary>
    /// Tells in <paramref name="rehearsal"/> what <see cref="HandleAsync"/> would do with the exchange, which is a rehearsal: it chooses as that does, by the
    /// same code, and asks, counts and uses up nothing. A response of lb's own is made, for a carrier behind which nobody is.
    /// </summary>
    /// <returns>As <see cref="HandleAsync"/>, as far as that can be told.</returns>
    public abstract ValueTask<Fault> RehearseAsync(Exchange exchange, Rehearsal rehearsal);
}

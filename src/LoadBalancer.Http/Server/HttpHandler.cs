using LoadBalancer.Faults;

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
}

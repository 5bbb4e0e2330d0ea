using LoadBalancer.Faults;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Responses;

/// <summary>Answers 200 while lb is ready and 503 otherwise, as /readyz does: <c>respond: readiness</c>. Immutable and thread-safe.</summary>
/// <param name="isReady">Asked for each request, on any loop.</param>
internal sealed class Readiness(Func<bool> isReady) : HttpHandler
{
    private static readonly byte[] Ready = [.. "ready\n"u8];
    private static readonly byte[] Unready = [.. "not ready\n"u8];

    /// <inheritdoc/>
    public override ValueTask<Fault> HandleAsync(Exchange exchange)
    {
        var ready = isReady();
        var response = exchange.Response;
        response.Status = ready ? 200 : 503;
        response.Fields.Add(KnownHeader.ContentType, "Content-Type"u8, "text/plain; charset=utf-8"u8);
        response.Fields.Add(KnownHeader.CacheControl, "Cache-Control"u8, "no-store"u8);
        exchange.OwnBody = ready ? Ready : Unready;
        return OwnResponse.SendAsync(exchange);
    }

    /// <inheritdoc/>
    public override ValueTask<Fault> RehearseAsync(Exchange exchange, Rehearsal rehearsal)
    {
        rehearsal.Actions.Add(new ActionExplanation("readiness", rehearsal.IsOffline ? "as /readyz: lb is taken to be ready" : "as /readyz"));
        return HandleAsync(exchange);
    }
}

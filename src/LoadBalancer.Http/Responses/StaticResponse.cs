using LoadBalancer.Faults;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Responses;

/// <summary>Answers as the file has written: <c>respond</c>. Immutable and thread-safe.</summary>
/// <param name="options">What the file says.</param>
/// <param name="captures">What the route's path captures, in its order.</param>
internal sealed class StaticResponse(RespondOptions options, IReadOnlyList<string> captures) : HttpHandler
{
    private readonly OwnContent _content = new(options.Body, options.Headers, captures);

    /// <inheritdoc/>
    public override ValueTask<Fault> HandleAsync(Exchange exchange)
    {
        exchange.Response.Status = options.Status;
        var fault = _content.Fill(exchange);
        return fault == FaultKind.None ? OwnResponse.SendAsync(exchange) : new(new Fault(FaultSide.Client, fault));
    }

    /// <inheritdoc/>
    public override ValueTask<Fault> RehearseAsync(Exchange exchange, Rehearsal rehearsal)
    {
        rehearsal.Actions.Add(new ActionExplanation("respond"));
        return HandleAsync(exchange);
    }
}

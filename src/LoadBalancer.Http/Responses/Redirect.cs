using LoadBalancer.Faults;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Templates;

namespace LoadBalancer.Http.Responses;

/// <summary>
/// Sends the client to another place: <c>redirect</c>. Which site that is, the file alone decides: <see cref="RedirectTarget"/> refuses at load
/// what a request could bend. Immutable and thread-safe.
/// </summary>
/// <param name="options">What the file says.</param>
/// <param name="captures">What the route's path captures, in its order.</param>
internal sealed class Redirect(RedirectOptions options, IReadOnlyList<string> captures) : HttpHandler
{
    private readonly Template _to = Template.Parse(options.To, captures);

    /// <inheritdoc/>
    public override ValueTask<Fault> HandleAsync(Exchange exchange)
    {
        var fault = Prepare(exchange);
        return fault == FaultKind.None ? OwnResponse.SendAsync(exchange) : new(new Fault(FaultSide.Client, fault));
    }

    /// <inheritdoc/>
    public override ValueTask<Fault> RehearseAsync(Exchange exchange, Rehearsal rehearsal)
    {
        rehearsal.Actions.Add(new ActionExplanation("redirect", options.To));
        return HandleAsync(exchange);
    }

    /// <summary>Makes the response, without sending it.</summary>
    internal FaultKind Prepare(Exchange exchange)
    {
        exchange.Response.Status = options.Status;
        var fields = exchange.Response.Fields;
        fields.BeginField("Location"u8);
        var fault = _to.Append(exchange, fields, TemplateUse.Location);
        var value = fields.BegunValue;
        if (fault != FaultKind.None || value.IsEmpty || !FieldText.IsValue(value) || value.Contains((byte)'\\'))
        {
            fields.CancelField();
            return fault == FaultKind.None ? FaultKind.PathInvalid : fault;
        }

        if (value.StartsWith("//"u8))
        {
            // Two slashes begin a host, and a path that was put together must not.
            var path = value.TrimStart((byte)'/');
            fields.CancelField();
            fields.BeginField("Location"u8);
            fields.Append("/"u8);
            fields.Append(path);
        }

        fields.EndField(KnownHeader.Location);
        return FaultKind.None;
    }
}

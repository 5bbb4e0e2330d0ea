using System.Net;
using LoadBalancer.Faults;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Responses;

/// <summary>
/// Sends the client to the same place by https: <c>redirect_to_https</c>. Only where a certificate of the file is for the host, so that nobody
/// can use lb's name to lead elsewhere; other hosts get 404. The status is 308: the method stays. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// A client that named the very port at which lb listens sees lb's own ports, and is sent to that of the TLS listener. Any other sees those of
/// something in between, such as a container's, which has https where everybody has it.
/// </remarks>
/// <param name="find">Who is served over https, and where.</param>
internal sealed class RedirectToHttps(HttpsPort find) : HttpHandler
{
    private const int StandardPort = 443;

    /// <inheritdoc/>
    public override ValueTask<Fault> HandleAsync(Exchange exchange) =>
        TryPrepare(exchange) ? OwnResponse.SendAsync(exchange) : new(new Fault(FaultSide.Client, FaultKind.NoRoute));

    /// <inheritdoc/>
    public override ValueTask<Fault> RehearseAsync(Exchange exchange, Rehearsal rehearsal)
    {
        rehearsal.Actions.Add(new ActionExplanation(
            "redirect_to_https", find(exchange.Request.Host) == 0 ? "no certificate of the file is for this host, so nobody is sent to it" : null));
        return HandleAsync(exchange);
    }

    /// <summary>Makes the response, without sending it; false where the host is not served.</summary>
    internal bool TryPrepare(Exchange exchange)
    {
        var request = exchange.Request;
        var port = find(request.Host);
        if (port == 0)
        {
            return false;
        }

        exchange.Response.Status = 308;
        var fields = exchange.Response.Fields;
        fields.BeginField("Location"u8);
        fields.Append("https://"u8);
        fields.Append(request.Host);
        if (port != StandardPort && NamesOurPort(exchange))
        {
            Span<byte> digits = stackalloc byte[8];
            port.TryFormat(digits, out var length);
            fields.Append(":"u8);
            fields.Append(digits[..length]);
        }

        fields.Append(request.Path);
        if (request.HasQuery)
        {
            fields.Append("?"u8);
            fields.Append(request.Query);
        }

        fields.EndField(KnownHeader.Location);
        return true;
    }

    private static bool NamesOurPort(Exchange exchange)
    {
        if (exchange.Local is not IPEndPoint local)
        {
            return false;
        }

        Span<byte> port = stackalloc byte[8];
        port[0] = (byte)':';
        local.Port.TryFormat(port[1..], out var length);
        return exchange.Request.Authority.EndsWith(port[..(length + 1)]);
    }
}

using System.Globalization;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Responses;

/// <summary>
/// Sends the client to the same place by https: <c>redirect_to_https</c>. Only where the host is one that the file serves, so that nobody can
/// use lb's name to lead elsewhere; other hosts get 404. The status is 308: the method stays. Immutable and thread-safe.
/// </summary>
/// <param name="names">The hosts that are served, exact or <c>*.</c> before a suffix.</param>
/// <param name="port">The port of https.</param>
internal sealed class RedirectToHttps(IEnumerable<string> names, int port = 443) : HttpHandler
{
    private const int StandardPort = 443;

    private readonly HostTable<bool> _names = new([.. names.Distinct(StringComparer.Ordinal).Select(name => ((string?)name, true))]);
    private readonly byte[] _port = port == StandardPort ? [] : Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $":{port}"));

    /// <inheritdoc/>
    public override ValueTask<Fault> HandleAsync(Exchange exchange) =>
        TryPrepare(exchange) ? OwnResponse.SendAsync(exchange) : new(new Fault(FaultSide.Client, FaultKind.NoRoute));

    /// <summary>Makes the response, without sending it; false where the host is not served.</summary>
    internal bool TryPrepare(Exchange exchange)
    {
        var request = exchange.Request;
        if (!Serves(request.Host))
        {
            return false;
        }

        exchange.Response.Status = 308;
        var fields = exchange.Response.Fields;
        fields.BeginField("Location"u8);
        fields.Append("https://"u8);
        fields.Append(request.Host);
        fields.Append(_port);
        fields.Append(request.Path);
        if (request.HasQuery)
        {
            fields.Append("?"u8);
            fields.Append(request.Query);
        }

        fields.EndField(KnownHeader.Location);
        return true;
    }

    private bool Serves(ReadOnlySpan<byte> host) => _names.Find(host).Length > 0;
}

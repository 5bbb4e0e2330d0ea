using System.Text;
using LoadBalancer.Endpoints;
using LoadBalancer.Http.Server;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding;

/// <summary>The Host field that an endpoint gets: the client's, the endpoint's own address, or a name of the file. There is exactly one.</summary>
internal static class RequestFields
{
    /// <summary>The longest text of an address, or name of the file.</summary>
    private const int LongestHost = 512;

    /// <summary>Sets it where it is the same for every endpoint; once, before the first attempt.</summary>
    public static void Prepare(Exchange exchange, UpstreamOptions options)
    {
        var request = exchange.Request;
        if (options.Host == UpstreamOptions.KeepHost)
        {
            var at = request.Fields.Find(KnownHeader.Host);
            if (request.Authority.IsEmpty || (at >= 0 && request.Fields.Value(at).SequenceEqual(request.Authority)))
            {
                return;
            }

            // The target named the host, or a carrier that has another place for it.
            request.Fields.Set(KnownHeader.Host, request.Authority);
        }
        else if (options.Host != UpstreamOptions.EndpointHost)
        {
            Set(request.Fields, options.Host);
        }
    }

    /// <summary>Sets it where each endpoint has its own; before each attempt, once its endpoint is known.</summary>
    public static void ForEndpoint(Exchange exchange, Endpoint endpoint, UpstreamOptions options)
    {
        var fields = exchange.Request.Fields;
        if (options.Host == UpstreamOptions.EndpointHost || fields.Find(KnownHeader.Host) < 0)
        {
            Set(fields, HostOf(endpoint));
        }
    }

    // A Unix socket's path is no host.
    private static string HostOf(Endpoint endpoint) => endpoint.Address is System.Net.IPEndPoint ? endpoint.Label : "localhost";

    private static void Set(HeaderList fields, string host)
    {
        Span<byte> bytes = stackalloc byte[LongestHost];
        fields.Remove(KnownHeader.Host);
        fields.Add(KnownHeader.Host, "Host"u8, bytes[..Encoding.ASCII.GetBytes(host, bytes)]);
    }
}

using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Server;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Http.Telemetry;

/// <summary>
/// The JSON form of a request's line. Every line has every key in the same order; what does not apply is null. <c>path</c> is the route's
/// template and never the client's; <c>result</c> is <c>ok</c> or the fault's reason.
/// </summary>
internal static class JsonRequestLine
{
    /// <summary>Writes one line, its line feed included, to <paramref name="buffer"/>; false where that is too small.</summary>
    public static bool TryFormat(
        string listener, Exchange exchange, in ExchangeTimes times, DateTimeOffset now, AccessLogFields fields, Span<byte> buffer, out int length)
    {
        var (request, route, fault) = (exchange.Request, exchange.Route, exchange.Fault);
        var method = request.MethodText;
        var line = new JsonLine(buffer);
        line.Time("time"u8, now);
        line.Text("listener"u8, listener, ClientText.MostName);
        line.Text("route"u8, route?.Name, ClientText.MostName);
        line.Text("request_id"u8, exchange.RequestId, ClientText.MostRequestId);
        line.Address("client"u8, exchange.ClientAddress);
        line.Text("identity"u8, exchange.Identity?.Subject, ClientText.MostIdentity);
        line.Text("auth"u8, exchange.Identity?.Provider, ClientText.MostName);
        line.Text("plan"u8, exchange.Identity?.Plan, ClientText.MostIdentity);
        line.Text("method"u8, method, ClientText.MostMethod);
        line.Text("host"u8, request.Host, ClientText.MostHost);
        line.Text("path"u8, route?.Template, ClientText.MostName);
        if ((fields & AccessLogFields.RawPath) != 0)
        {
            line.Text("raw_path"u8, ClientText.RawPath(request), ClientText.MostPath);
        }

        if ((fields & AccessLogFields.Query) != 0)
        {
            line.Text("query"u8, ClientText.Query(request), ClientText.MostQuery);
        }

        line.Text("version"u8, method.IsEmpty ? default : ClientText.Version(request), ClientText.MostMethod);
        line.Text("tls"u8, exchange.Tls?.Version);
        line.Text("server_name"u8, exchange.Tls is { } tls ? tls.ServerName : default, ClientText.MostHost);
        if ((fields & AccessLogFields.Cipher) != 0)
        {
            line.Text("cipher"u8, exchange.Tls?.CipherSuite, ClientText.MostName);
        }

        if ((fields & AccessLogFields.ClientSubject) != 0)
        {
            line.Text("client_subject"u8, exchange.Tls?.PeerSubject, ClientText.MostName);
        }

        line.Number("status"u8, ExchangeStatus.Of(exchange));
        line.Number("grpc_status"u8, exchange.GrpcStatus);
        line.Text("cache"u8, exchange.Caching?.Lookup.Word);
        line.Text("upstream"u8, exchange.Upstream?.Name, ClientText.MostName);
        line.Text("endpoint"u8, exchange.Endpoint?.Label, ClientText.MostName);
        line.Number("attempts"u8, exchange.Attempts);
        line.Text("retried_for"u8, exchange.RetriedFor.Word);
        line.Milliseconds("queue_ms"u8, times.Queue);
        line.Milliseconds("connect_ms"u8, times.Connect);
        line.Milliseconds("first_byte_ms"u8, times.FirstByte);
        line.Milliseconds("total_ms"u8, times.Total);
        line.Milliseconds("paused_ms"u8, exchange.Paused);
        line.Number("received_bytes"u8, exchange.ReceivedBytes);
        line.Number("sent_bytes"u8, exchange.SentBytes);
        line.Text("user_agent"u8, ClientText.UserAgent(request), ClientText.MostUserAgent);
        if ((fields & AccessLogFields.Referer) != 0)
        {
            line.Text("referer"u8, ClientText.Referer(request, fields), ClientText.MostReferer);
        }

        Span<byte> shadow = stackalloc byte[ClientText.MostShadow];
        line.Text("shadow"u8, ClientText.Shadow(exchange, shadow), ClientText.MostShadow);
        line.Text("limit"u8, exchange.Limits?.RefusedBy, ClientText.MostName);
        line.Text("result"u8, fault.Failed ? fault.Reason : "ok");
        line.Text("side"u8, fault.Failed ? fault.SideName : null);
        return line.TryEnd(out length);
    }
}

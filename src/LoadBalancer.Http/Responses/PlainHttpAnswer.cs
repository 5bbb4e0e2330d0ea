using System.Globalization;
using System.Text;
using LoadBalancer.Faults;

namespace LoadBalancer.Http.Responses;

/// <summary>What a client is told that speaks HTTP without TLS to a listener that speaks TLS: most often somebody who wrote <c>http://</c> and that port.</summary>
internal static class PlainHttpAnswer
{
    /// <summary>A whole response, after which the connection is closed.</summary>
    public static byte[] Bytes { get; } = Make();

    private static byte[] Make()
    {
        var code = new Fault(FaultSide.Client, FaultKind.TlsHandshakeFailed).Reason;
        var body = $"{{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\"code\":\"{code}\",\"detail\":\"this port speaks HTTPS only\"}}\n";
        return Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"));
    }
}

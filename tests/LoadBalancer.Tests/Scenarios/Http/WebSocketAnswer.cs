using System.Security.Cryptography;
using System.Text;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>An endpoint's agreement to a WebSocket (RFC 6455 section 4.2.2).</summary>
internal static class WebSocketAnswer
{
    /// <summary>The 101 that answers a request.</summary>
    /// <param name="request">The request, whose key is proven to be understood.</param>
    /// <param name="fields">Further field lines.</param>
    public static string To(HttpMessage request, string fields = "")
    {
#pragma warning disable CA5350 // What the RFC says.
        var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(request["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        return $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{fields}\r\n";
    }
}

using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Forwarding;

/// <summary>The proof that an endpoint understood a WebSocket handshake (RFC 6455 section 4.2.2).</summary>
internal static class WebSocketHandshake
{
    private const int KeyLength = 24;
    private const int AcceptLength = 28;

    private static ReadOnlySpan<byte> Magic => "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8;

    /// <summary>True where the response's Sec-WebSocket-Accept is the one for the request's key, and it agrees to websocket.</summary>
    public static bool Accepts(RequestHead request, ResponseHead response)
    {
        if (!request.Fields.TryGet(KnownHeader.SecWebSocketKey, out var key) || key.Length != KeyLength
            || !response.Fields.TryGet(KnownHeader.SecWebSocketAccept, out var accept) || accept.Length != AcceptLength
            || response.Fields.Find(KnownHeader.SecWebSocketAccept, response.Fields.Find(KnownHeader.SecWebSocketAccept) + 1) >= 0
            || !response.Fields.TryGet(KnownHeader.Upgrade, out var protocol) || !Ascii.EqualsIgnoreCase(protocol, "websocket"u8))
        {
            return false;
        }

        Span<byte> keyed = stackalloc byte[KeyLength + Magic.Length];
        key.CopyTo(keyed);
        Magic.CopyTo(keyed[KeyLength..]);
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];

        // SHA-1 is what the protocol says; nothing secret depends on it.
#pragma warning disable CA5350
        SHA1.HashData(keyed, hash);
#pragma warning restore CA5350
        Span<byte> expected = stackalloc byte[AcceptLength];
        Base64.EncodeToUtf8(hash, expected, out _, out _);
        return expected.SequenceEqual(accept);
    }
}

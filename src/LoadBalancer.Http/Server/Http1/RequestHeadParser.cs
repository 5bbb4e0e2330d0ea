using System.Text;
using LoadBalancer.Faults;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>What a request's head means, once its bytes are in <see cref="RequestHead.Fields"/>: which framing, which host, which wishes.</summary>
internal static class RequestHeadParser
{
    private const int WebSocketKeyLength = 24;

    /// <summary>Reads a head that ends with its empty line.</summary>
    public static FaultKind Parse(RequestHead head, in HeadLimits limits)
    {
        var fields = head.Fields;
        var length = fields.Bytes.Length;
        var fault = RequestLine.Parse(head, limits, out var lineLength);
        if (fault != FaultKind.None)
        {
            return fault;
        }

        if (!FieldLines.TryParse(fields, lineLength, length))
        {
            return FaultKind.RequestInvalid;
        }

        if (fields.Count > limits.Fields)
        {
            return FaultKind.TooManyFields;
        }

        fault = ReadHost(head);
        if (fault != FaultKind.None)
        {
            return fault;
        }

        var message = MessageFields.Of(fields);
        fault = ReadFraming(head, message);
        if (fault != FaultKind.None)
        {
            return fault;
        }

        head.KeepsAlive = !message.Closes && (head.Version == ProtocolVersion.Http11 || message.KeepsAlive);
        head.WantsWebSocket = message.Upgrades && WantsWebSocket(head);
        return ReadExpectation(head);
    }

    // RFC 9112 section 3.2: one Host in each request, and that of an absolute target is the same.
    private static FaultKind ReadHost(RequestHead head)
    {
        var fields = head.Fields;
        var at = fields.Find(KnownHeader.Host);
        if (at < 0 || fields.Find(KnownHeader.Host, at + 1) >= 0 || !AuthorityText.IsValid(fields.Value(at)))
        {
            return FaultKind.HostInvalid;
        }

        if (head.AuthoritySlice.Length > 0 && !Ascii.EqualsIgnoreCase(head.Authority, fields.Value(at)))
        {
            return FaultKind.HostInvalid;
        }

        head.AuthoritySlice = new Slice(fields[at].ValueStart, fields[at].ValueLength);
        return FaultKind.None;
    }

    private static FaultKind ReadFraming(RequestHead head, in MessageFields message)
    {
        if (message.IsAmbiguous || (message.Codings > 0 && head.Version == ProtocolVersion.Http10))
        {
            return FaultKind.RequestInvalid;
        }

        if (message.Codings > 0 && !message.IsChunked)
        {
            return message.IsOtherCoding ? FaultKind.NotImplemented : FaultKind.RequestInvalid;
        }

        head.Framing = message.Codings > 0 ? BodyFraming.Chunked : message.Lengths > 0 ? BodyFraming.Length : BodyFraming.None;
        head.ContentLength = message.Length;
        return FaultKind.None;
    }

    /// <summary>Reads Expect: nothing but 100-continue is known, and a client of HTTP/1.0 cannot mean it (RFC 9110 section 10.1.1).</summary>
    internal static FaultKind ReadExpectation(RequestHead head)
    {
        var fields = head.Fields;
        for (var at = fields.Find(KnownHeader.Expect); at >= 0; at = fields.Find(KnownHeader.Expect, at + 1))
        {
            if (!Ascii.EqualsIgnoreCase(fields.Value(at), "100-continue"u8))
            {
                return FaultKind.ExpectationUnknown;
            }

            head.ExpectsContinue = head.Version != ProtocolVersion.Http10 && (head.Framing == BodyFraming.Chunked || head.ContentLength > 0);
        }

        return FaultKind.None;
    }

    // RFC 6455 section 4.1. Its version is the endpoint's matter: it answers 426 to one that it does not speak.
    private static bool WantsWebSocket(RequestHead head)
    {
        var fields = head.Fields;
        return head is { Method: RequestMethod.Get, Version: ProtocolVersion.Http11, Framing: BodyFraming.None }
            && fields.TryGet(KnownHeader.Upgrade, out var protocol)
            && Ascii.EqualsIgnoreCase(protocol, "websocket"u8)
            && fields.Find(KnownHeader.Upgrade, fields.Find(KnownHeader.Upgrade) + 1) < 0
            && fields.TryGet(KnownHeader.SecWebSocketKey, out var key)
            && key.Length == WebSocketKeyLength
            && fields.Find(KnownHeader.SecWebSocketKey, fields.Find(KnownHeader.SecWebSocketKey) + 1) < 0;
    }
}

using LoadBalancer.Faults;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>What a response's head means, once its bytes are in <see cref="ResponseHead.Fields"/>. An endpoint is trusted no more than a client.</summary>
internal static class ResponseHeadParser
{
    private const int StatusStart = 9;
    private const int StatusEnd = StatusStart + 3;

    /// <summary>Reads a head that ends with its empty line.</summary>
    public static FaultKind Parse(ResponseHead head, RequestMethod method, in HeadLimits limits)
    {
        if (!TryReadStatusLine(head, out var lineLength) || !FieldLines.TryParse(head.Fields, lineLength, head.Fields.Bytes.Length))
        {
            return FaultKind.ResponseInvalid;
        }

        if (head.Fields.Count > limits.Fields)
        {
            return FaultKind.ResponseHeadTooLarge;
        }

        var message = MessageFields.Of(head.Fields);
        if (!TryReadFraming(head, method, message))
        {
            return FaultKind.ResponseInvalid;
        }

        head.KeepsAlive = !message.Closes && head.Framing != BodyFraming.Close && (head.Version == ProtocolVersion.Http11 || message.KeepsAlive);
        return FaultKind.None;
    }

    // RFC 9112 section 4. Many leave out the space before a reason phrase that is empty.
    private static bool TryReadStatusLine(ResponseHead head, out int length)
    {
        var bytes = head.Fields.Bytes;
        length = 0;
        if (bytes.Length < StatusEnd + 2 || !bytes.StartsWith("HTTP/1."u8) || bytes[7] is not ((byte)'0' or (byte)'1') || bytes[8] != ' ')
        {
            return false;
        }

        head.Version = bytes[7] == '1' ? ProtocolVersion.Http11 : ProtocolVersion.Http10;
        var status = bytes[StatusStart..StatusEnd];
        if (status[0] is < (byte)'1' or > (byte)'9' || !char.IsAsciiDigit((char)status[1]) || !char.IsAsciiDigit((char)status[2]))
        {
            return false;
        }

        head.Status = (status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0');
        var end = StatusEnd;
        if (bytes[end] == ' ')
        {
            end = StatusEnd + 1 + FieldText.ValueLength(bytes[(StatusEnd + 1)..]);
            head.ReasonSlice = new Slice(StatusEnd + 1, end - StatusEnd - 1);
        }

        length = end + 2;
        return bytes[end] == '\r' && bytes[end + 1] == '\n';
    }

    // RFC 9112 section 6.3.
    private static bool TryReadFraming(ResponseHead head, RequestMethod method, in MessageFields message)
    {
        if (message.IsAmbiguous || (message.Codings > 0 && (!message.IsChunked || head.Version == ProtocolVersion.Http10)))
        {
            return false;
        }

        head.ContentLength = message.Lengths > 0 ? message.Length : -1;
        if (head.Status is < 200 or 204)
        {
            // Section 6.1: these say nothing of a body; one who does may send it, and the next response would begin within it.
            head.Framing = BodyFraming.None;
            return message.Codings == 0 && head.ContentLength <= 0;
        }

        head.Framing = method == RequestMethod.Head || head.Status == 304 ? BodyFraming.None
            : message.Codings > 0 ? BodyFraming.Chunked
            : message.Lengths > 0 ? BodyFraming.Length
            : BodyFraming.Close;
        return true;
    }
}

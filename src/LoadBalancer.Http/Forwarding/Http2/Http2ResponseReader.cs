using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Http.Server.Http2.Hpack;

namespace LoadBalancer.Http.Forwarding.Http2;

/// <summary>
/// Makes the head of a response of a header block (RFC 9113 section 8.3.2). An endpoint is trusted no more than a client: what it sends is
/// sent on as lines of HTTP/1.1. Thread-safe, as it has no state.
/// </summary>
internal static class Http2ResponseReader
{
    private static readonly ulong OfConnections = HeaderList.SetOf(
        KnownHeader.Connection, KnownHeader.KeepAlive, KnownHeader.ProxyConnection, KnownHeader.TransferEncoding, KnownHeader.Upgrade);

    /// <summary>Reads a head, interim ones too.</summary>
    /// <param name="decoder">The connection's.</param>
    /// <param name="block">The whole block; it is read to its end, be the head refused or not: the next block builds on this one.</param>
    /// <param name="head">What is filled.</param>
    /// <param name="method">The method of the request that is answered.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="ends">True where no frames of DATA follow.</param>
    /// <param name="fault">Why the response is refused.</param>
    public static BlockOutcome Read(
        HpackDecoder decoder, ReadOnlySpan<byte> block, ResponseHead head, RequestMethod method, in HeadLimits limits, bool ends, out FaultKind fault)
    {
        fault = FaultKind.None;
        head.Reset();
        head.Version = ProtocolVersion.Http2;
        head.KeepsAlive = true;
        if (!decoder.TryBegin(ref block))
        {
            return BlockOutcome.Broken;
        }

        var (fields, left) = (head.Fields, limits.HeadBytes);
        while (!block.IsEmpty)
        {
            if (!decoder.TryRead(ref block, fields, fault == FaultKind.None ? left : 0, out var field))
            {
                return BlockOutcome.Broken;
            }

            left = (int)Math.Max(0, left - (long)field.LineLength);
            if (fault == FaultKind.None)
            {
                fault = left == 0 ? FaultKind.ResponseHeadTooLarge : Take(head, field, limits);
            }
        }

        if (fault == FaultKind.None && (head.Status == 0 || !TryReadFraming(head, method, ends)))
        {
            fault = FaultKind.ResponseInvalid;
        }

        return BlockOutcome.Read;
    }

    private static FaultKind Take(ResponseHead head, in HpackField field, in HeadLimits limits)
    {
        var fields = head.Fields;
        if (field.Pseudo != PseudoHeader.None)
        {
            // The one that there is, once, before all others.
            return field.Pseudo == PseudoHeader.Status && head.Status == 0 && fields.Count == 0 && TryReadStatus(head, ValueOf(fields, field))
                ? FaultKind.None : FaultKind.ResponseInvalid;
        }

        if (!field.IsValid || (OfConnections & (1ul << (int)field.Known)) != 0)
        {
            return FaultKind.ResponseInvalid;
        }

        if (fields.Count >= limits.Fields)
        {
            return FaultKind.ResponseHeadTooLarge;
        }

        var start = fields.Take(field.LineLength);
        fields.AddSlice(field.Known, start, field.NameLength, start + field.ValueStart, field.ValueLength, verbatim: true);
        return FaultKind.None;
    }

    private static ReadOnlySpan<byte> ValueOf(HeaderList fields, in HpackField field) => fields.Room(field.LineLength).Slice(field.ValueStart, field.ValueLength);

    private static bool TryReadStatus(ResponseHead head, ReadOnlySpan<byte> value)
    {
        if (value.Length != 3 || value[0] is < (byte)'1' or > (byte)'9' || !char.IsAsciiDigit((char)value[1]) || !char.IsAsciiDigit((char)value[2]))
        {
            return false;
        }

        head.Status = ((value[0] - '0') * 100) + ((value[1] - '0') * 10) + (value[2] - '0');
        return true;
    }

    private static bool TryReadFraming(ResponseHead head, RequestMethod method, bool ends)
    {
        var message = MessageFields.Of(head.Fields);
        if (message.IsAmbiguous)
        {
            return false;
        }

        head.ContentLength = message.Lengths > 0 ? message.Length : -1;
        head.Framing = BodyFraming.None;
        if (head.Status < 200)
        {
            // Sections 8.1 and 8.6: an interim response ends nothing, and there is no 101.
            return !ends && head.Status != 101;
        }

        if (head.Status == 204)
        {
            return head.ContentLength <= 0;
        }

        if (method == RequestMethod.Head || head.Status == 304)
        {
            return true;
        }

        if (ends)
        {
            return head.ContentLength <= 0;
        }

        head.Framing = message.Lengths > 0 ? BodyFraming.Length : BodyFraming.Chunked;
        return true;
    }
}

using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Http.Server.Http2.Hpack;

namespace LoadBalancer.Http.Server.Http2;

/// <summary>
/// Makes the head of a request, and its trailers, of header blocks (RFC 9113 section 8). Strict: what becomes a request of HTTP/1.1 behind lb
/// must not be one that is read in another way there. Knows no connection; thread-safe, as it has no state.
/// </summary>
/// <remarks>
/// A field is put into the list as the line of HTTP/1.1, so that those that follow one another are sent on as one. The authority is put where
/// Host would be, and is the only one. What breaks a rule of HTTP/2 is malformed; what breaks one of ours is a fault, which is answered.
/// </remarks>
internal static class Http2HeadReader
{
    private const int KeyBytes = 16;
    private const int KeyLength = 24;

    private const PseudoHeader Needed = PseudoHeader.Method | PseudoHeader.Scheme | PseudoHeader.Path;

    private static readonly ulong OfConnections = HeaderList.SetOf(
        KnownHeader.Connection, KnownHeader.KeepAlive, KnownHeader.ProxyConnection, KnownHeader.TransferEncoding, KnownHeader.Upgrade);

    /// <summary>Reads the head of a request.</summary>
    /// <param name="decoder">The connection's.</param>
    /// <param name="block">The whole block.</param>
    /// <param name="head">What is filled.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="hasBody">True where frames of DATA follow.</param>
    /// <param name="fault">Why the request is refused, where the outcome is <see cref="BlockOutcome.Read"/>.</param>
    public static BlockOutcome ReadRequest(
        HpackDecoder decoder, ReadOnlySpan<byte> block, RequestHead head, in HeadLimits limits, bool hasBody, out FaultKind fault)
    {
        fault = FaultKind.None;
        head.Reset();
        head.Version = ProtocolVersion.Http2;
        head.KeepsAlive = true;
        if (!decoder.TryBegin(ref block))
        {
            return BlockOutcome.Broken;
        }

        var (fields, left, seen, regular, malformed) = (head.Fields, limits.HeadBytes, PseudoHeader.None, false, false);
        while (!block.IsEmpty)
        {
            // A message that is refused is read to its end all the same: the next block builds on this one.
            var kept = malformed || fault != FaultKind.None ? 0 : left;
            if (!decoder.TryRead(ref block, fields, kept, out var field))
            {
                return BlockOutcome.Broken;
            }

            left = (int)Math.Max(0, left - (long)field.LineLength);
            var wasRegular = regular;
            regular |= field.Pseudo == PseudoHeader.None;
            if (malformed || fault != FaultKind.None)
            {
                continue;
            }

            if (left == 0)
            {
                fault = field.Pseudo == PseudoHeader.Path ? FaultKind.TargetTooLong : FaultKind.HeadTooLarge;
            }
            else if (field.Pseudo != PseudoHeader.None)
            {
                malformed = wasRegular || (seen & field.Pseudo) != 0 || !TryTakePseudo(head, field, limits, ref fault);
                seen |= field.Pseudo;
            }
            else if (!field.IsValid || (OfConnections & (1ul << (int)field.Known)) != 0 || (field.Known == KnownHeader.Te && !IsTrailers(fields, field)))
            {
                malformed = true;
            }
            else if (fields.Count >= limits.Fields)
            {
                fault = FaultKind.TooManyFields;
            }
            else
            {
                fault = TakeField(head, field);
            }
        }

        if (malformed)
        {
            return BlockOutcome.Malformed;
        }

        return fault != FaultKind.None || TryFinish(head, seen, hasBody, ref fault) ? BlockOutcome.Read : BlockOutcome.Malformed;
    }

    /// <summary>Reads trailers; what is not let pass is removed.</summary>
    /// <param name="decoder">The connection's.</param>
    /// <param name="block">The whole block.</param>
    /// <param name="trailers">What is filled.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="ofRequest">True for those of a client, see <see cref="TrailerFields.Keep"/>.</param>
    public static BlockOutcome ReadTrailers(HpackDecoder decoder, ReadOnlySpan<byte> block, HeaderList trailers, in HeadLimits limits, bool ofRequest)
    {
        trailers.Reset();
        if (!decoder.TryBegin(ref block))
        {
            return BlockOutcome.Broken;
        }

        var (left, malformed) = (limits.HeadBytes, false);
        while (!block.IsEmpty)
        {
            if (!decoder.TryRead(ref block, trailers, malformed ? 0 : left, out var field))
            {
                return BlockOutcome.Broken;
            }

            left = (int)Math.Max(0, left - (long)field.LineLength);
            malformed |= left == 0 || trailers.Count >= limits.Fields || !field.IsValid || field.Pseudo != PseudoHeader.None || (OfConnections & (1ul << (int)field.Known)) != 0;
            if (!malformed)
            {
                Add(trailers, field);
            }
        }

        TrailerFields.Keep(trailers, ofRequest);
        return malformed ? BlockOutcome.Malformed : BlockOutcome.Read;
    }

    private static void Add(HeaderList fields, in HpackField field)
    {
        var start = fields.Take(field.LineLength);
        fields.AddSlice(field.Known, start, field.NameLength, start + field.ValueStart, field.ValueLength, verbatim: true);
    }

    private static ReadOnlySpan<byte> ValueOf(HeaderList fields, in HpackField field) => fields.Room(field.LineLength).Slice(field.ValueStart, field.ValueLength);

    private static bool IsTrailers(HeaderList fields, in HpackField field) => Ascii.EqualsIgnoreCase(ValueOf(fields, field), "trailers"u8);

    private static bool TryTakePseudo(RequestHead head, in HpackField field, in HeadLimits limits, ref FaultKind fault)
    {
        var fields = head.Fields;
        var value = ValueOf(fields, field);
        switch (field.Pseudo)
        {
            case PseudoHeader.Method:
                head.Method = RequestLine.MethodOf(value);
                head.MethodSlice = new Slice(fields.Append(value), value.Length);
                return FieldText.IsToken(head.MethodText);
            case PseudoHeader.Scheme:
                head.ClaimsSecure = Ascii.EqualsIgnoreCase(value, "https"u8);
                return head.ClaimsSecure == true || Ascii.EqualsIgnoreCase(value, "http"u8);
            case PseudoHeader.Path:
                if (value.IsEmpty)
                {
                    return false;
                }

                fault = value.Length > limits.TargetBytes ? FaultKind.TargetTooLong : RequestLine.IsTarget(value) ? FaultKind.None : FaultKind.RequestInvalid;
                head.TargetSlice = fault == FaultKind.None ? new Slice(fields.Append(value), value.Length) : default;
                return true;
            case PseudoHeader.Authority:
                fault = AuthorityText.IsValid(value) ? FaultKind.None : FaultKind.HostInvalid;
                if (fault == FaultKind.None)
                {
                    AddHost(head, value);
                }

                return field.IsValid;
            case PseudoHeader.Protocol:
                head.WantsWebSocket = Ascii.EqualsIgnoreCase(value, "websocket"u8);
                return field.IsValid;
            default:
                return false;
        }
    }

    // Its value lies further back in the room than it is put, be the room moved or not.
    private static void AddHost(RequestHead head, ReadOnlySpan<byte> value)
    {
        var fields = head.Fields;
        fields.BeginField("Host"u8);
        var start = fields.Append(value);
        fields.EndField(KnownHeader.Host);
        head.AuthoritySlice = new Slice(start, value.Length);
    }

    private static FaultKind TakeField(RequestHead head, in HpackField field)
    {
        var fields = head.Fields;
        if (field.Known == KnownHeader.Host)
        {
            // RFC 9113 section 8.3.1: they must not differ; and the one that is there says all.
            var value = ValueOf(fields, field);
            if (head.AuthoritySlice.Length > 0)
            {
                return Ascii.EqualsIgnoreCase(head.Authority, value) ? FaultKind.None : FaultKind.HostInvalid;
            }

            if (!AuthorityText.IsValid(value))
            {
                return FaultKind.HostInvalid;
            }

            Add(fields, field);
            ref var host = ref fields[fields.Count - 1];
            head.AuthoritySlice = new Slice(host.ValueStart, host.ValueLength);
            return FaultKind.None;
        }

        Add(fields, field);
        return FaultKind.None;
    }

    /// <summary>Looks at the head as a whole; false where it is malformed.</summary>
    private static bool TryFinish(RequestHead head, PseudoHeader seen, bool hasBody, ref FaultKind fault)
    {
        var isConnect = head.Method == RequestMethod.Connect;
        if ((seen & PseudoHeader.Protocol) != 0 ? !isConnect || (seen & Needed) != Needed || (seen & PseudoHeader.Authority) == 0
            : isConnect ? (seen & Needed) != PseudoHeader.Method || (seen & PseudoHeader.Authority) == 0
            : (seen & Needed) != Needed)
        {
            return false;
        }

        if (!TryReadFraming(head, hasBody))
        {
            return false;
        }

        JoinCookies(head.Fields);
        var method = head.Method;
        if (head.AuthoritySlice.Length == 0)
        {
            fault = FaultKind.HostInvalid;
        }
        else if ((isConnect && !head.WantsWebSocket) || (method == RequestMethod.Other && head.MethodText.ContainsAnyInRange((byte)'a', (byte)'z')))
        {
            fault = FaultKind.NotImplemented;
        }
        else if (head.Target[0] != '/' && !(head.Target is [(byte)'*'] && method == RequestMethod.Options))
        {
            fault = FaultKind.RequestInvalid;
        }
        else
        {
            fault = RequestHeadParser.ReadExpectation(head);
        }

        if (isConnect && fault == FaultKind.None)
        {
            BecomeWebSocket(head);
        }

        return true;
    }

    private static bool TryReadFraming(RequestHead head, bool hasBody)
    {
        var fields = head.Fields;
        head.Framing = hasBody ? BodyFraming.Chunked : BodyFraming.None;
        var at = fields.Find(KnownHeader.ContentLength);
        if (at < 0 || head.Method == RequestMethod.Connect)
        {
            return at < 0;
        }

        head.ContentLength = DecimalLength.Parse(fields.Value(at));
        head.Framing = hasBody || head.ContentLength == 0 ? BodyFraming.Length : BodyFraming.None;
        return fields.Find(KnownHeader.ContentLength, at + 1) < 0 && (hasBody ? head.ContentLength >= 0 : head.ContentLength == 0);
    }

    // RFC 9113 section 8.2.3: a cookie may be split so that its parts are indexed; whoever is behind knows nothing of that.
    private static void JoinCookies(HeaderList fields)
    {
        var first = fields.Find(KnownHeader.Cookie);
        if (first < 0 || fields.Find(KnownHeader.Cookie, first + 1) < 0)
        {
            return;
        }

        fields.BeginField("cookie"u8);
        for (var at = first; at >= 0; at = fields.Find(KnownHeader.Cookie, at + 1))
        {
            if (at != first)
            {
                fields.Append("; "u8);
            }

            fields.Append(fields.Value(at));
            fields[at].Removed = true;
        }

        fields.EndField(KnownHeader.Cookie);
    }

    // RFC 8441 section 5: to an endpoint that speaks HTTP/1.1 it is a GET with an upgrade, whose key proves that the endpoint understood.
    private static void BecomeWebSocket(RequestHead head)
    {
        var fields = head.Fields;
        head.Method = RequestMethod.Get;
        head.MethodSlice = new Slice(fields.Append("GET"u8), 3);
        head.Framing = BodyFraming.None;
        Span<byte> random = stackalloc byte[KeyBytes];
        Span<byte> key = stackalloc byte[KeyLength];
        RandomNumberGenerator.Fill(random);
        Base64.EncodeToUtf8(random, key, out _, out _);
        fields.Remove(KnownHeader.SecWebSocketKey);
        fields.AddOwn(KnownHeader.SecWebSocketKey, "Sec-WebSocket-Key"u8, key);
    }
}

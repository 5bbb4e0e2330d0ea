using System.Buffers.Text;
using System.Text;

namespace LoadBalancer.Http.Server.Http2.Hpack;

/// <summary>Writes the header blocks of one connection (RFC 7541). Touched only on its loop.</summary>
/// <remarks>
/// Names that the static table has are referred to; everything else is written as it is, and nothing is added to the client's table: see ADR
/// 0009 for what that costs and saves. Nothing is coded by Huffman's code, which would save the network less than it costs both sides.
/// </remarks>
internal sealed class HpackEncoder
{
    private const byte Indexed = 0x80;
    private const byte SizeUpdate = 0x20;
    private const byte NeverIndexed = 0x10;
    private const byte NotIndexed = 0x00;

    /// <summary>What a block has besides fields: what stands for a first line, a length, the change of the table's size.</summary>
    private const int FixedBytes = 128;

    /// <summary>What a field's name and value have besides their bytes.</summary>
    private const int FieldBytes = 1 + (2 * HpackInteger.MostBytes);

    private const ulong WrittenAnew =
        (1ul << (int)KnownHeader.Connection) | (1ul << (int)KnownHeader.ContentLength) | (1ul << (int)KnownHeader.TransferEncoding)
        | (1ul << (int)KnownHeader.Upgrade) | (1ul << (int)KnownHeader.KeepAlive) | (1ul << (int)KnownHeader.ProxyConnection)
        | (1ul << (int)KnownHeader.Http2Settings) | (1ul << (int)KnownHeader.XContentLength);

    private static readonly int StatusIndex = StaticTable.IndexOf(":status");
    private static readonly int MethodIndex = StaticTable.IndexOf(":method");
    private static readonly int SchemeIndex = StaticTable.IndexOf(":scheme");
    private static readonly int PathIndex = StaticTable.IndexOf(":path");
    private static readonly int AuthorityIndex = StaticTable.IndexOf(":authority");
    private static readonly int LengthIndex = StaticTable.IndexOf("content-length");
    private static readonly byte[] IndexOfStatus = IndexStatuses();

    private bool _mustTell;

    /// <summary>The client has another table than every client begins with; it is told that it stays empty (RFC 7541 section 4.2).</summary>
    public void TableChanged() => _mustTell = true;

    /// <summary>Room that is enough for a block with these fields.</summary>
    public static int RoomFor(HeaderList fields) => fields.Bytes.Length + (fields.Count * FieldBytes) + FixedBytes;

    /// <summary>Writes the head of a response, interim ones too.</summary>
    /// <param name="room">Where to.</param>
    /// <param name="exchange">The exchange, whose response it is.</param>
    /// <param name="isTunnel">True where an endpoint's 101 becomes the 200 of a tunnel (RFC 8441 section 5).</param>
    /// <returns>How many bytes.</returns>
    public int WriteResponse(Span<byte> room, Exchange exchange, bool isTunnel)
    {
        var response = exchange.Response;
        var at = WriteStart(room);
        at += WriteStatus(room[at..], isTunnel ? 200 : response.Status);
        if (!isTunnel && response.Status is >= 200 and not 204 && LengthOf(exchange) is var length and >= 0)
        {
            at += WriteLength(room[at..], length);
        }

        return WriteFields(room, response.Fields, at, isTunnel ? 1ul << (int)KnownHeader.SecWebSocketAccept : 0);
    }

    /// <summary>Writes the head of a request.</summary>
    /// <param name="room">Where to.</param>
    /// <param name="exchange">The exchange, whose request it is, with its Host among the fields.</param>
    /// <param name="isSecure">What the scheme says.</param>
    /// <returns>How many bytes.</returns>
    /// <exception cref="InvalidOperationException">Path or query have a byte that no target has: a bug of whoever made them.</exception>
    public int WriteRequest(Span<byte> room, Exchange exchange, bool isSecure)
    {
        var request = exchange.Request;
        var fields = request.Fields;
        var at = WriteStart(room);
        switch (request.Method)
        {
            case RequestMethod.Get:
                room[at++] = (byte)(Indexed | MethodIndex);
                break;
            case RequestMethod.Post:
                room[at++] = (byte)(Indexed | (MethodIndex + 1));
                break;
            default:
                at += WriteLiteral(room[at..], NotIndexed, MethodIndex, request.MethodText);
                break;
        }

        room[at++] = (byte)(Indexed | (isSecure ? SchemeIndex + 1 : SchemeIndex));
        at += WritePath(room[at..], exchange);
        at += WriteLiteral(room[at..], NotIndexed, AuthorityIndex, fields.Value(fields.Find(KnownHeader.Host)));
        if (request.Framing == BodyFraming.Length)
        {
            at += WriteLength(room[at..], request.ContentLength);
        }

        return WriteFields(room, fields, at, 1ul << (int)KnownHeader.Host);
    }

    /// <summary>Writes fields behind what was written.</summary>
    /// <param name="room">Where to.</param>
    /// <param name="fields">The fields, of which the removed ones and those of HTTP/1.1's connections are left out.</param>
    /// <param name="at">How much was written.</param>
    /// <param name="also">Further fields that are left out: see <see cref="HeaderList.SetOf"/>.</param>
    /// <returns>How many bytes were written in all.</returns>
    public int WriteFields(Span<byte> room, HeaderList fields, int at, ulong also = 0)
    {
        if (at == 0)
        {
            at = WriteStart(room);
        }

        for (var field = 0; field < fields.Count; field++)
        {
            var known = fields[field].Known;
            if (fields[field].Removed || ((WrittenAnew | also) & (1ul << (int)known)) != 0)
            {
                continue;
            }

            // Secrets are told to stay out of every table on their way (section 7.1.3).
            var form = known is KnownHeader.SetCookie or KnownHeader.Cookie or KnownHeader.Authorization ? NeverIndexed : NotIndexed;
            var index = StaticTable.IndexOf(known);
            if (index > 0)
            {
                at += HpackInteger.Write(room[at..], form, 4, index);
            }
            else
            {
                room[at++] = form;
                var name = fields.Name(field);
                at += HpackInteger.Write(room[at..], 0, 7, name.Length);
                Ascii.ToLower(name, room[at..], out _);
                at += name.Length;
            }

            var value = fields.Value(field);
            at += HpackInteger.Write(room[at..], 0, 7, value.Length);
            value.CopyTo(room[at..]);
            at += value.Length;
        }

        return at;
    }

    private static int WriteLiteral(Span<byte> room, byte form, int nameIndex, ReadOnlySpan<byte> value)
    {
        var at = HpackInteger.Write(room, form, 4, nameIndex);
        at += HpackInteger.Write(room[at..], 0, 7, value.Length);
        value.CopyTo(room[at..]);
        return at + value.Length;
    }

    private static int WriteLength(Span<byte> room, long length)
    {
        room[0] = NotIndexed | 0x0f;
        room[1] = (byte)(LengthIndex - 0x0f);
        Utf8Formatter.TryFormat(length, room[3..], out var digits);
        room[2] = (byte)digits;
        return 3 + digits;
    }

    private static int WritePath(Span<byte> room, Exchange exchange)
    {
        var request = exchange.Request;
        var path = exchange.ForwardedPath;
        var query = exchange.ForwardedQuerySlice is { } rewritten ? rewritten.Of(request.Fields) : request.Query;
        var hasQuery = query.Length > 0 || (exchange.ForwardedQuerySlice is null && request.HasQuery);
        if (path.IsEmpty || !IsVisible(path) || !IsVisible(query))
        {
            throw new InvalidOperationException("a request's target cannot be sent");
        }

        var at = HpackInteger.Write(room, NotIndexed, 4, PathIndex);
        at += HpackInteger.Write(room[at..], 0, 7, path.Length + (hasQuery ? 1 + query.Length : 0));
        path.CopyTo(room[at..]);
        at += path.Length;
        if (hasQuery)
        {
            room[at++] = (byte)'?';
            query.CopyTo(room[at..]);
            at += query.Length;
        }

        return at;
    }

    private static bool IsVisible(ReadOnlySpan<byte> text) => text.IndexOfAnyExceptInRange((byte)'!', (byte)'~') < 0;

    // What HTTP/1.1 says of the same response, see HeadWriter.
    private static long LengthOf(Exchange exchange)
    {
        var response = exchange.Response;
        if (exchange.Request.Method == RequestMethod.Head || response.Status == 304)
        {
            return response.Framing == BodyFraming.Chunked ? -1 : response.ContentLength;
        }

        return response.Framing switch
        {
            BodyFraming.None => 0,
            BodyFraming.Length => response.ContentLength,
            _ => -1,
        };
    }

    private int WriteStart(Span<byte> room)
    {
        if (!_mustTell)
        {
            return 0;
        }

        _mustTell = false;
        return HpackInteger.Write(room, SizeUpdate, 5, 0);
    }

    private static int WriteStatus(Span<byte> room, int status)
    {
        if (IndexOfStatus[status] is var index and > 0)
        {
            room[0] = (byte)(Indexed | index);
            return 1;
        }

        room[0] = (byte)(NotIndexed | StatusIndex);
        room[1] = 3;
        Utf8Formatter.TryFormat(status, room[2..], out _);
        return 5;
    }

    private static byte[] IndexStatuses()
    {
        var indices = new byte[1000];
        for (var index = StatusIndex; StaticTable.Entry(index).Pseudo == PseudoHeader.Status; index++)
        {
            var entry = StaticTable.Entry(index);
            indices[int.Parse(StaticTable.Bytes.Slice(entry.Start + entry.NameLength + 2, entry.ValueLength), System.Globalization.CultureInfo.InvariantCulture)] = (byte)index;
        }

        return indices;
    }
}

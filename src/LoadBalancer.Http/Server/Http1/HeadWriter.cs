using System.IO.Pipelines;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>
/// Writes the heads of HTTP/1.1. The fields go out as they came, in order, case and number, without the removed ones; whatever frames the
/// message or is about the connection is written anew and never copied (RFC 9112 sections 6 and 9). Knows no socket; thread-safe, as it has no state.
/// </summary>
/// <remarks>Fields cannot hold a line end: the parser refuses them, and <see cref="HeaderList.Add(KnownHeader, ReadOnlySpan{byte}, ReadOnlySpan{byte})"/> does. Everything else is looked at here.</remarks>
internal static class HeadWriter
{
    /// <summary>What a head has besides fields and texts: version, status, framing fields, line ends.</summary>
    private const int FixedBytes = 256;

    private const ulong WrittenAnew =
        (1ul << (int)KnownHeader.Connection) | (1ul << (int)KnownHeader.ContentLength) | (1ul << (int)KnownHeader.TransferEncoding)
        | (1ul << (int)KnownHeader.Upgrade) | (1ul << (int)KnownHeader.KeepAlive) | (1ul << (int)KnownHeader.ProxyConnection)
        | (1ul << (int)KnownHeader.Http2Settings) | (1ul << (int)KnownHeader.XContentLength);

    /// <summary>Writes a request's head. The Host field has to be among the fields.</summary>
    /// <param name="output">Where to; not flushed.</param>
    /// <param name="head">Method and fields.</param>
    /// <param name="path">The path, or <c>*</c>.</param>
    /// <param name="query">The query without its question mark.</param>
    /// <param name="hasQuery">True where the question mark is written, be it with nothing behind it.</param>
    /// <param name="framing">How the body ends; <see cref="BodyFraming.None"/> for none, <see cref="BodyFraming.Close"/> is impossible.</param>
    /// <param name="length">The body's length for <see cref="BodyFraming.Length"/>.</param>
    /// <param name="connection">What is said of the connection.</param>
    /// <exception cref="InvalidOperationException">Path or query have a byte that would end the line or a part of it: a bug of whoever made them.</exception>
    public static void WriteRequest(
        PipeWriter output,
        RequestHead head,
        ReadOnlySpan<byte> path,
        ReadOnlySpan<byte> query,
        bool hasQuery,
        BodyFraming framing,
        long length,
        ConnectionOption connection)
    {
        if (path.IsEmpty || !IsVisible(path) || !IsVisible(query) || framing == BodyFraming.Close)
        {
            throw new InvalidOperationException("a request's target or framing cannot be sent");
        }

        var method = head.MethodText;
        var cursor = new HeadCursor(output.GetSpan(SpaceFor(head.Fields) + method.Length + path.Length + query.Length));
        cursor.Add(method);
        cursor.Add(" "u8);
        cursor.Add(path);
        if (hasQuery || query.Length > 0)
        {
            cursor.Add("?"u8);
            cursor.Add(query);
        }

        cursor.Add(" HTTP/1.1\r\n"u8);
        AddFields(ref cursor, head.Fields);
        AddFraming(ref cursor, framing, length);
        AddConnection(ref cursor, connection);
        if (head.Fields.Find(KnownHeader.Te) >= 0)
        {
            // RFC 9110 section 10.1.4: who sends TE nominates it.
            cursor.Add("Connection: TE\r\n"u8);
        }

        cursor.Add("\r\n"u8);
        output.Advance(cursor.Length);
    }

    /// <summary>
    /// Writes a response's head, interim ones too. Where the response cannot have a body (HEAD, 1xx, 204, 304) none is announced; a length
    /// that is known is told in answer to HEAD and in a 304, as RFC 9110 section 8.6 wants it.
    /// </summary>
    /// <param name="output">Where to; not flushed.</param>
    /// <param name="head">Status, reason and fields.</param>
    /// <param name="method">The method of the request that is answered.</param>
    /// <param name="framing">How the body ends; <see cref="BodyFraming.None"/> for an empty one.</param>
    /// <param name="length">The body's length for <see cref="BodyFraming.Length"/>; for <see cref="BodyFraming.None"/> what a GET would have, -1 where that is not known.</param>
    /// <param name="connection">What is said of the connection.</param>
    public static void WriteResponse(PipeWriter output, ResponseHead head, RequestMethod method, BodyFraming framing, long length, ConnectionOption connection)
    {
        var reason = head.Reason;
        var cursor = new HeadCursor(output.GetSpan(SpaceFor(head.Fields) + reason.Length));
        if (reason.IsEmpty || reason.SequenceEqual(StatusLines.Reason(head.Status)))
        {
            cursor.Add(StatusLines.Line(head.Status));
        }
        else
        {
            cursor.Add("HTTP/1.1 "u8);
            cursor.Add(head.Status);
            cursor.Add(" "u8);
            cursor.Add(reason);
            cursor.Add("\r\n"u8);
        }

        AddFields(ref cursor, head.Fields);
        if (head.Status is >= 200 and not 204)
        {
            if (method == RequestMethod.Head || head.Status == 304)
            {
                AddFraming(ref cursor, framing == BodyFraming.Chunked || length < 0 ? BodyFraming.None : BodyFraming.Length, length);
            }
            else
            {
                // A response without a word about its body would last until the connection ends.
                AddFraming(ref cursor, framing == BodyFraming.None ? BodyFraming.Length : framing, framing == BodyFraming.None ? 0 : length);
            }
        }

        AddConnection(ref cursor, connection);
        cursor.Add("\r\n"u8);
        output.Advance(cursor.Length);
    }

    /// <summary>Writes the fields that are not removed and not about framing or the connection, those that follow one another as one.</summary>
    internal static void AddFields(ref HeadCursor cursor, HeaderList list)
    {
        var bytes = list.Bytes;
        var runStart = 0;
        var runEnd = 0;
        for (var at = 0; at < list.Count; at++)
        {
            ref var field = ref list[at];
            if (field.Removed || (WrittenAnew & (1ul << (int)field.Known)) != 0)
            {
                continue;
            }

            if (field.Verbatim)
            {
                if (field.NameStart != runEnd)
                {
                    cursor.Add(bytes[runStart..runEnd]);
                    runStart = field.NameStart;
                }

                runEnd = field.ValueStart + field.ValueLength + 2;
                continue;
            }

            cursor.Add(bytes[runStart..runEnd]);
            runStart = runEnd = 0;
            cursor.Add(list.Name(at));
            cursor.Add(": "u8);
            cursor.Add(list.Value(at));
            cursor.Add("\r\n"u8);
        }

        cursor.Add(bytes[runStart..runEnd]);
    }

    /// <summary>Room for the fields and what every head has. Bytes of a field that is written anew grow by a space at most.</summary>
    internal static int SpaceFor(HeaderList list) => list.Bytes.Length + list.Count + FixedBytes;

    private static void AddFraming(ref HeadCursor cursor, BodyFraming framing, long length)
    {
        if (framing == BodyFraming.Chunked)
        {
            cursor.Add("Transfer-Encoding: chunked\r\n"u8);
        }
        else if (framing == BodyFraming.Length)
        {
            cursor.Add("Content-Length: "u8);
            cursor.Add(length);
            cursor.Add("\r\n"u8);
        }
    }

    private static void AddConnection(ref HeadCursor cursor, ConnectionOption connection) => cursor.Add(connection switch
    {
        ConnectionOption.KeepAlive => "Connection: keep-alive\r\n"u8,
        ConnectionOption.Close => "Connection: close\r\n"u8,
        ConnectionOption.WebSocket => "Connection: Upgrade\r\nUpgrade: websocket\r\n"u8,
        _ => default,
    });

    private static bool IsVisible(ReadOnlySpan<byte> text) => text.IndexOfAnyExceptInRange((byte)'!', (byte)'~') < 0;
}

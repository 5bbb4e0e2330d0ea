using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Http.Server.Http2.Hpack;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>
/// A client's end of a connection that speaks HTTP/2 in the plainest way, so that a test sees each frame, and may send any. Fields are written
/// as they are, without a table. Blocking, each wait bounded.
/// </summary>
internal sealed class Http2Wire : IDisposable
{
    private readonly HpackDecoder _decoder = new();
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly SslStream? _tls;
    private int _at;
    private int _end;
    private int _lastStream = -1;

    /// <summary>A connection that has sent its preface and its settings.</summary>
    /// <param name="socket">The connection, which this owns.</param>
    /// <param name="settings">The settings.</param>
    public Http2Wire(Socket socket, params (SettingId Id, int Value)[] settings)
        : this(socket, null, settings)
    {
    }

    /// <summary>As above, inside TLS.</summary>
    /// <param name="socket">The connection, which this owns.</param>
    /// <param name="tls">What encrypts it; null for nothing.</param>
    /// <param name="settings">The settings.</param>
    public Http2Wire(Socket socket, SslStream? tls, params (SettingId Id, int Value)[] settings)
    {
        (Socket, _tls) = (socket, tls);
        Send(Http2Input.Preface);
        Send(FrameKind.Settings, FrameFlags.None, 0, [.. settings.SelectMany(Setting)]);
    }

    private Http2Wire(Socket socket) => Socket = socket;

    private Http2Wire(Socket socket, byte[] settings)
    {
        Socket = socket;
        Assert.That(Receive(Http2Input.Preface.Length), Is.EqualTo(Http2Input.Preface.ToArray()));
        Send(FrameKind.Settings, FrameFlags.None, 0, settings);
    }

    /// <summary>An endpoint's end of a connection, which has read the preface and sent its settings.</summary>
    public static Http2Wire OfEndpoint(Socket socket, params (SettingId Id, int Value)[] settings) => new(socket, [.. settings.SelectMany(Setting)]);

    /// <summary>A connection that has sent nothing.</summary>
    public static Http2Wire Silent(Socket socket) => new(socket);

    /// <summary>Sends the head of a response, or trailers.</summary>
    public void Headers(int stream, bool ends, params (string Name, string Value)[] fields) =>
        Send(FrameKind.Headers, FrameFlags.EndHeaders | (ends ? FrameFlags.EndStream : FrameFlags.None), stream, Block(fields));

    /// <summary>Answers a stream with a short body.</summary>
    public void Respond(int stream, string body)
    {
        // In one segment, as servers do it.
        var head = Block([(":status", "200"), ("content-length", body.Length.ToString(System.Globalization.CultureInfo.InvariantCulture))]);
        Send([.. Frame(FrameKind.Headers, FrameFlags.EndHeaders, stream, head), .. Frame(FrameKind.Data, FrameFlags.EndStream, stream, Encoding.Latin1.GetBytes(body))]);
    }

    /// <summary>The next request, its head only; null where the peer has closed, or says that it will.</summary>
    public (int Stream, IReadOnlyList<string> Fields)? ReadRequest() =>
        ReadOne(FrameKind.Headers, FrameKind.GoAway) is { Kind: FrameKind.Headers } head ? (head.StreamId, Fields(head)) : null;

    /// <summary>The socket.</summary>
    public Socket Socket { get; }

    /// <summary>True where what is received may be replaced by as much at once, as clients do that read.</summary>
    public bool OpensWindows { get; set; } = true;

    /// <summary>False for a client that leaves pings unanswered.</summary>
    public bool AnswersPings { get; set; } = true;

    /// <summary>Sends bytes.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        if (_tls is not null)
        {
            _tls.Write(bytes);
            return;
        }

        while (bytes.Length > 0)
        {
            bytes = bytes[Socket.Send(bytes)..];
        }
    }

    /// <summary>Sends a frame.</summary>
    public void Send(FrameKind kind, FrameFlags flags, int stream, params byte[] payload) => Send(Frame(kind, flags, stream, payload));

    /// <summary>The bytes of a frame.</summary>
    public static byte[] Frame(FrameKind kind, FrameFlags flags, int stream, params byte[] payload)
    {
        var frame = new byte[FrameHeader.Bytes + payload.Length];
        new FrameHeader(payload.Length, kind, flags, stream).Write(frame);
        payload.CopyTo(frame, FrameHeader.Bytes);
        return frame;
    }

    /// <summary>A setting as it stands in a SETTINGS frame.</summary>
    public static byte[] Setting((SettingId Id, int Value) setting)
    {
        var bytes = new byte[Http2Input.SettingBytes];
        Http2Input.WriteSetting(bytes, setting.Id, setting.Value);
        return bytes;
    }

    /// <summary>A number of 32 bits.</summary>
    public static byte[] Number(int value)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>A header block.</summary>
    public static byte[] Block(IEnumerable<(string Name, string Value)> fields) => [.. fields.SelectMany(field => (byte[])[0, .. String(field.Name), .. String(field.Value)])];

    /// <summary>The fields of a request, further ones behind them.</summary>
    public static (string Name, string Value)[] Request(string method, string path, params (string Name, string Value)[] fields) =>
        [(":method", method), (":scheme", "http"), (":path", path), (":authority", "test"), .. fields];

    /// <summary>Opens a stream.</summary>
    /// <returns>Its number.</returns>
    public int Open(IEnumerable<(string Name, string Value)> fields, bool ends)
    {
        _lastStream += 2;
        Send(FrameKind.Headers, FrameFlags.EndHeaders | (ends ? FrameFlags.EndStream : FrameFlags.None), _lastStream, Block(fields));
        return _lastStream;
    }

    /// <summary>Opens a stream with a GET.</summary>
    public int Get(string path = "/", params (string Name, string Value)[] fields) => Open(Request("GET", path, fields), ends: true);

    /// <summary>Opens a stream with a POST, whose body is to come.</summary>
    public int Post(string path = "/", params (string Name, string Value)[] fields) => Open(Request("POST", path, fields), ends: false);

    /// <summary>Sends data.</summary>
    public void Data(int stream, ReadOnlySpan<byte> data, bool ends = false)
    {
        do
        {
            var count = Math.Min(data.Length, FrameHeader.MostPayload);
            Send(FrameKind.Data, ends && count == data.Length ? FrameFlags.EndStream : FrameFlags.None, stream, data[..count].ToArray());
            data = data[count..];
        }
        while (data.Length > 0);
    }

    /// <summary>Sends a text as data.</summary>
    public void Data(int stream, string text, bool ends = false) => Data(stream, Encoding.Latin1.GetBytes(text), ends);

    /// <summary>The next frame; null where the peer has closed in order. Settings and pings are answered.</summary>
    public Http2Frame? Read()
    {
        if (Receive(FrameHeader.Bytes) is not { } start)
        {
            return null;
        }

        var header = FrameHeader.Read(start);
        var payload = Receive(header.Length) ?? throw new EndOfStreamException("the stream ended within a frame");
        if ((header.Kind == FrameKind.Settings || (header.Kind == FrameKind.Ping && AnswersPings)) && (header.Flags & FrameFlags.Ack) == 0)
        {
            Send(header.Kind, FrameFlags.Ack, 0, header.Kind == FrameKind.Ping ? payload : []);
        }

        if (header.Kind == FrameKind.Data && payload.Length > 0 && OpensWindows)
        {
            Send(FrameKind.WindowUpdate, FrameFlags.None, 0, Number(payload.Length));
            if ((header.Flags & FrameFlags.EndStream) == 0)
            {
                Send(FrameKind.WindowUpdate, FrameFlags.None, header.StreamId, Number(payload.Length));
            }
        }

        return new Http2Frame(header.Kind, header.Flags, header.StreamId, payload);
    }

    /// <summary>Waits until each side knows the other's settings: then this sends nothing by itself but what it is told to.</summary>
    public void Agree()
    {
        while ((ReadOne(FrameKind.Settings) ?? throw new EndOfStreamException("the connection ended before its settings")).Flags != FrameFlags.Ack)
        {
        }
    }

    /// <summary>The next frame; null where none comes within <paramref name="waitMs"/>.</summary>
    public Http2Frame? Read(int waitMs) => _at < _end || Socket.Poll(waitMs * 1000, SelectMode.SelectRead) ? Read() : null;

    /// <summary>The next frame of one of these kinds; what comes before is passed over. Null where the peer closes before.</summary>
    public Http2Frame? ReadOne(params FrameKind[] kinds)
    {
        for (var frame = Read(); frame is not null; frame = Read())
        {
            if (kinds.Contains(frame.Kind))
            {
                return frame;
            }
        }

        return null;
    }

    /// <summary>The next frame of a stream that is no update of its window.</summary>
    public Http2Frame ReadOf(int stream)
    {
        while (true)
        {
            var frame = Read() ?? throw new EndOfStreamException($"the connection ended before stream {stream}");
            if (frame.StreamId == stream && frame.Kind != FrameKind.WindowUpdate)
            {
                return frame;
            }

            if (frame.Kind == FrameKind.GoAway && frame.Error != Http2Error.NoError)
            {
                throw new EndOfStreamException($"the connection ended with {frame.Error}");
            }
        }
    }

    /// <summary>The fields of a block.</summary>
    public IReadOnlyList<string> Fields(ReadOnlySpan<byte> block)
    {
        var list = new HeaderList();
        var lines = new List<string>();
        Assert.That(_decoder.TryBegin(ref block), Is.True);
        while (!block.IsEmpty)
        {
            Assert.That(_decoder.TryRead(ref block, list, int.MaxValue, out var field) && field.IsValid, Is.True, "a header block");
            var start = list.Take(field.LineLength);
            lines.Add(Encoding.Latin1.GetString(list.Bytes.Slice(start, field.LineLength - 2)));
        }

        return lines;
    }

    /// <summary>The fields of a HEADERS frame and what continues it.</summary>
    public IReadOnlyList<string> Fields(Http2Frame headers)
    {
        var block = headers.Payload.ToList();
        for (var frame = headers; (frame.Flags & FrameFlags.EndHeaders) == 0;)
        {
            frame = Read()!;
            Assert.That((frame.Kind, frame.StreamId), Is.EqualTo((FrameKind.Continuation, headers.StreamId)));
            block.AddRange(frame.Payload);
        }

        return Fields(block.ToArray());
    }

    /// <summary>A whole response on one stream, an interim one too; frames of others are passed over.</summary>
    /// <exception cref="EndOfStreamException">It was reset, or the connection ended.</exception>
    public HttpMessage ReadResponse(int stream)
    {
        var head = ReadHead(stream, out var ended);
        return ended || head.Status < 200 ? head : ReadBody(stream, head);
    }

    /// <summary>What is behind a head that has not ended its stream.</summary>
    public HttpMessage ReadBody(int stream, HttpMessage head)
    {
        var ended = false;
        using var body = new MemoryStream();
        IReadOnlyList<string> trailers = [];
        while (!ended)
        {
            var frame = ReadOf(stream);
            switch (frame.Kind)
            {
                case FrameKind.Data:
                    body.Write(frame.Payload);
                    break;
                case FrameKind.Headers:
                    trailers = Fields(frame);
                    break;
                default:
                    throw new EndOfStreamException($"stream {stream}: {frame.Kind} {frame.Error}");
            }

            ended = frame.EndsStream;
        }

        return head with { Body = body.ToArray(), Trailers = trailers };
    }

    /// <summary>The head of a response, an interim one too.</summary>
    public HttpMessage ReadHead(int stream, out bool ended)
    {
        var frame = ReadOf(stream);
        if (frame.Kind != FrameKind.Headers)
        {
            throw new EndOfStreamException($"stream {stream}: {frame.Kind} {(frame.Kind == FrameKind.ResetStream ? frame.Error : null)}");
        }

        ended = frame.EndsStream;
        var fields = Fields(frame);
        return new HttpMessage($"HTTP/2 {fields[0][":status: ".Length..]}", [.. fields.Skip(1)], [], []);
    }

    /// <summary>Reads until the connection ends, and gives what was said of why: GOAWAY's code; null where it was reset or closed without one.</summary>
    public Http2Error? ReadGoAway()
    {
        try
        {
            return ReadOne(FrameKind.GoAway)?.Error;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        _tls?.Dispose();
        Socket.Dispose();
    }

    private static byte[] String(string text)
    {
        Span<byte> length = stackalloc byte[HpackInteger.MostBytes];
        return [.. length[..HpackInteger.Write(length, 0, 7, text.Length)], .. Encoding.Latin1.GetBytes(text)];
    }

    private byte[]? Receive(int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            if (_at == _end)
            {
                _at = 0;
                _end = _tls?.Read(_buffer) ?? Socket.Receive(_buffer);
                if (_end == 0)
                {
                    return at == 0 ? null : throw new EndOfStreamException("the stream ended within a frame");
                }
            }

            var piece = Math.Min(count - at, _end - _at);
            _buffer.AsSpan(_at, piece).CopyTo(bytes.AsSpan(at));
            _at += piece;
            at += piece;
        }

        return bytes;
    }
}

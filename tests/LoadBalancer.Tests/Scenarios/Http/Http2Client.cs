using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>
/// A client of HTTP/2 for tests that are about both carriers: what it is told to send is HTTP/1.1, and goes out as frames; what comes is told
/// as the messages of HTTP/1.1, in the order of the requests. Names come in lower case, as they are on the wire.
/// </summary>
internal sealed class Http2Client(Socket socket, SslStream? tls = null) : HttpWire(socket, tls)
{
    private static readonly string[] OfConnections = ["host", "connection", "transfer-encoding", "upgrade", "keep-alive", "proxy-connection", "sec-websocket-key"];

    private readonly string _scheme = tls is null ? "http" : "https";
    private readonly Http2Wire _wire = Open(socket, tls);
    private readonly ConcurrentQueue<int> _asked = new();
    private readonly List<byte> _unsent = [];
    private readonly Queue<byte> _unread = new();
    private int _sending;
    private int _reading;
    private long _left;
    private bool _isChunked;
    private bool _isTunnel;
    private bool _hasEnded;

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> bytes)
    {
        _unsent.AddRange(bytes);
        while (_unsent.Count > 0 && (_sending != 0 ? SendBody() : SendHead()))
        {
        }
    }

    /// <inheritdoc/>
    public override void Finish() => _wire.Data(_sending, [], ends: true);

    /// <inheritdoc/>
    public override void Reset() => _wire.Send(FrameKind.ResetStream, FrameFlags.None, _sending, Http2Wire.Number((int)Http2Error.Cancel));

    /// <inheritdoc/>
    public override HttpMessage ReadResponse(bool toHead = false)
    {
        if (_isTunnel)
        {
            // What agrees to a tunnel here is 200, and has no body (RFC 8441 section 5).
            var agreed = _wire.ReadHead(_reading = Asked(), out _);
            if (agreed.Status == 200)
            {
                return new HttpMessage("HTTP/2 101", [.. agreed.Fields, "upgrade: websocket"], [], []);
            }

            return _wire.ReadBody(Answered(), agreed);
        }

        var response = _wire.ReadResponse(Asked());
        if (response.Status >= 200)
        {
            Answered();
        }

        return response;
    }

    /// <inheritdoc/>
    public override HttpMessage ReadHead() => _wire.ReadHead(_reading = Answered(), out _);

    /// <inheritdoc/>
    public override byte[] ReadBytes(int count)
    {
        while (_unread.Count < count)
        {
            var frame = _wire.ReadOf(_reading);
            if (frame.Kind != FrameKind.Data || (frame.EndsStream && _unread.Count + frame.Payload.Length < count))
            {
                throw new EndOfStreamException($"stream {_reading} ended: {frame.Kind}");
            }

            Array.ForEach(frame.Payload, _unread.Enqueue);
            _hasEnded = frame.EndsStream;
        }

        return [.. Enumerable.Range(0, count).Select(_ => _unread.Dequeue())];
    }

    /// <inheritdoc/>
    public override bool ReadEnd() => _hasEnded || _wire.ReadOf(_reading) is { EndsStream: true, Payload.Length: 0 };

    /// <inheritdoc/>
    public override bool HasEnded() => ReadEnd();

    /// <inheritdoc/>
    public override bool IsCutOff() => _wire.ReadOf(_reading) is { EndsStream: true } or { Kind: FrameKind.ResetStream };

    // What the connection itself has to say is read, so that whatever comes later is about the test.
    private static Http2Wire Open(Socket socket, SslStream? tls)
    {
        var wire = new Http2Wire(socket, tls);
        wire.Agree();
        return wire;
    }

    // Another thread may be about to ask.
    private int Asked()
    {
        var stream = 0;
        Assert.That(SpinWait.SpinUntil(() => _asked.TryPeek(out stream), Loopback.TimeoutMs), Is.True, "no request was sent");
        return stream;
    }

    private int Answered()
    {
        var stream = Asked();
        _asked.TryDequeue(out _);
        return stream;
    }

    private bool SendHead()
    {
        var text = Encoding.Latin1.GetString([.. _unsent]);
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
        {
            return false;
        }

        _unsent.RemoveRange(0, end + 4);
        var lines = text[..end].Split("\r\n");
        var first = lines[0].Split(' ');
        var fields = lines.Skip(1).Select(line => (Name: line[..line.IndexOf(':', StringComparison.Ordinal)].ToLowerInvariant(), Value: line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim())).ToList();
        string? Value(string name) => fields.FirstOrDefault(field => field.Name == name).Value;
        _isTunnel = Value("upgrade") == "websocket";
        _isChunked = Value("transfer-encoding") == "chunked";
        _left = long.Parse(Value("content-length") ?? "0", CultureInfo.InvariantCulture);
        List<(string, string)> all =
        [
            (":method", _isTunnel ? "CONNECT" : first[0]), (":scheme", _scheme), (":path", string.Join(' ', first[1..^1])), (":authority", Value("host") ?? ""),
            .. fields.Where(field => field.Name == "host").Skip(1),
            .. fields.Where(field => !OfConnections.Contains(field.Name)),
        ];
        if (_isTunnel)
        {
            all.Insert(1, (":protocol", "websocket"));
        }

        var ends = !_isTunnel && !_isChunked && _left == 0;
        var stream = _wire.Open(all, ends);
        _asked.Enqueue(stream);
        _sending = ends ? 0 : stream;
        return true;
    }

    private bool SendBody()
    {
        if (_isTunnel || !_isChunked)
        {
            var count = (int)(_isTunnel ? _unsent.Count : Math.Min(_left, _unsent.Count));
            _left -= count;
            Data(count, ends: !_isTunnel && _left == 0);
            return true;
        }

        // A chunk at a time, when all of it is there.
        var text = Encoding.Latin1.GetString([.. _unsent]);
        var line = text.IndexOf("\r\n", StringComparison.Ordinal);
        if (line < 0)
        {
            return false;
        }

        var size = int.Parse(text[..line].Split(';')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        if (size > 0)
        {
            if (text.Length < line + 2 + size + 2)
            {
                return false;
            }

            _unsent.RemoveRange(0, line + 2);
            Data(size, ends: false);
            _unsent.RemoveRange(0, 2);
            return true;
        }

        var end = text.IndexOf("\r\n\r\n", line, StringComparison.Ordinal);
        if (end < 0)
        {
            return false;
        }

        var trailers = text[line..end].Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Select(field => (field.Split(':')[0].ToLowerInvariant(), field.Split(':')[1].Trim()));
        _wire.Send(FrameKind.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, _sending, Http2Wire.Block(trailers));
        _unsent.RemoveRange(0, end + 4);
        _sending = 0;
        return true;
    }

    // Without a look at the window: what is sent here fits, or is taken as fast as it comes.
    private void Data(int count, bool ends)
    {
        var data = _unsent.GetRange(0, count).ToArray();
        _unsent.RemoveRange(0, count);
        _wire.Data(_sending, data, ends);
        _sending = ends ? 0 : _sending;
    }
}

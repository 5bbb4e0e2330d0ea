using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>
/// One end of a connection that speaks HTTP/1.1 in the plainest way, so that a test sees each byte: text is sent as it is, and messages are
/// read by the letter of RFC 9112. A character is a byte. Blocking, each wait bounded.
/// </summary>
/// <param name="socket">The connection.</param>
/// <param name="tls">What encrypts it; null for nothing.</param>
internal class HttpWire(Socket socket, SslStream? tls = null) : IDisposable
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _at;
    private int _end;

    /// <summary>The socket.</summary>
    public Socket Socket => socket;

    /// <summary>Sends text as it is.</summary>
    public HttpWire Send(string text)
    {
        Send(Encoding.Latin1.GetBytes(text));
        return this;
    }

    /// <summary>Sends bytes.</summary>
    public virtual void Send(ReadOnlySpan<byte> bytes)
    {
        if (tls is not null)
        {
            tls.Write(bytes);
            return;
        }

        while (bytes.Length > 0)
        {
            bytes = bytes[socket.Send(bytes)..];
        }
    }

    /// <summary>Ends in order what is sent; the rest is still read.</summary>
    public virtual void Finish() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Breaks off.</summary>
    public virtual void Reset() => socket.Abort();

    /// <summary>Sends a request without a body.</summary>
    public HttpWire Get(string target, string fields = "", string host = "test") => Send($"GET {target} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n");

    /// <summary>Sends a whole response with a length.</summary>
    public void Respond(string body, string fields = "", string status = "200 OK") =>
        Send($"HTTP/1.1 {status}\r\n{fields}Content-Length: {body.Length}\r\n\r\n{body}");

    /// <summary>The next request; null where the peer has closed in order instead.</summary>
    public HttpMessage? ReadRequest()
    {
        if (ReadLine(mayEnd: true) is not { } line)
        {
            return null;
        }

        var fields = ReadFields();
        return Finish(line, fields, bodyless: !fields.Any(field => IsCalled(field, "content-length") || IsCalled(field, "transfer-encoding")));
    }

    /// <summary>The next response, an interim one too.</summary>
    /// <param name="toHead">True where the request was HEAD: then there is no body.</param>
    public virtual HttpMessage ReadResponse(bool toHead = false)
    {
        var line = ReadLine(mayEnd: false)!;
        var status = int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
        return Finish(line, ReadFields(), bodyless: toHead || status < 200 || status is 204 or 304);
    }

    /// <summary>A response's head, without its body.</summary>
    public virtual HttpMessage ReadHead()
    {
        var line = ReadLine(mayEnd: false)!;
        return new HttpMessage(line, ReadFields(), [], []);
    }

    /// <summary>Exactly so many bytes.</summary>
    public virtual byte[] ReadBytes(int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            if (_at == _end && Fill() == 0)
            {
                throw new EndOfStreamException($"the stream ended after {at} of {count} bytes");
            }

            var piece = Math.Min(count - at, _end - _at);
            _buffer.AsSpan(_at, piece).CopyTo(bytes.AsSpan(at));
            _at += piece;
            at += piece;
        }

        return bytes;
    }

    /// <summary>True where the chunked body that is being read ends here, without trailers.</summary>
    public virtual bool ReadEnd() => Encoding.ASCII.GetString(ReadBytes(5)) == "0\r\n\r\n";

    /// <summary>True where the peer has closed in order and nothing is left; false where it is reset or sends more.</summary>
    public virtual bool HasEnded()
    {
        try
        {
            return Fill() == 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>True where the peer has closed, in order or by a reset, and nothing is left; false where it sends more, or nothing for too long.</summary>
    public virtual bool IsCutOff()
    {
        try
        {
            return Fill() == 0;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode != SocketError.TimedOut && error.SocketErrorCode != SocketError.WouldBlock;
        }
    }

    public void Dispose()
    {
        tls?.Dispose();
        socket.Dispose();
    }

    private static bool IsCalled(string line, string name) => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase);

    private HttpMessage Finish(string line, List<string> fields, bool bodyless)
    {
        if (bodyless)
        {
            return new HttpMessage(line, fields, [], []);
        }

        if (fields.Any(field => IsCalled(field, "transfer-encoding")))
        {
            using var body = new MemoryStream();
            while (true)
            {
                var size = int.Parse(ReadLine(mayEnd: false)!.Split(';')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                if (size == 0)
                {
                    return new HttpMessage(line, fields, body.ToArray(), ReadFields());
                }

                body.Write(ReadBytes(size));
                Assert.That(ReadLine(mayEnd: false), NUnit.Framework.Is.Empty, "the end of a chunk");
            }
        }

        if (fields.FirstOrDefault(field => IsCalled(field, "content-length")) is { } length)
        {
            return new HttpMessage(line, fields, ReadBytes(int.Parse(length.Split(':')[1], CultureInfo.InvariantCulture)), []);
        }

        using var rest = new MemoryStream();
        while (_at < _end || Fill() > 0)
        {
            rest.Write(_buffer, _at, _end - _at);
            _at = _end;
        }

        return new HttpMessage(line, fields, rest.ToArray(), []);
    }

    private List<string> ReadFields()
    {
        var fields = new List<string>();
        while (ReadLine(mayEnd: false) is { Length: > 0 } line)
        {
            fields.Add(line);
        }

        return fields;
    }

    private string? ReadLine(bool mayEnd)
    {
        var line = new StringBuilder();
        while (true)
        {
            if (_at == _end && Fill() == 0)
            {
                return mayEnd && line.Length == 0 ? null : throw new EndOfStreamException($"the stream ended within a head, after: {line}");
            }

            var letter = (char)_buffer[_at++];
            if (letter == '\n')
            {
                Assert.That(line.Length > 0 && line[^1] == '\r', $"a line that ends without CR: {line}");
                return line.ToString(0, line.Length - 1);
            }

            line.Append(letter);
        }
    }

    private int Fill()
    {
        if (_at < _end)
        {
            return _end - _at;
        }

        _at = 0;
        return _end = tls?.Read(_buffer) ?? socket.Receive(_buffer);
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace LoadBalancer.Tests.SharedLimits;

/// <summary>
/// A real redis-server on a Unix socket that runs a script under the clock of a test: the script's own text, but for the one call that asks the server
/// what time it is. Commands go one at a time, on the thread that asks.
/// </summary>
internal sealed class ScriptServer : IDisposable
{
    private const string Clock = "redis.call('TIME')";

    private readonly TemporaryFolder _folder = new();
    private readonly Process _process;
    private readonly Socket _socket;
    private readonly BufferedStream _stream;

    /// <summary>Starts a server, empty and with nothing on disk.</summary>
    public ScriptServer()
    {
        var path = _folder["redis.sock"];
        _process = Process.Start(new ProcessStartInfo("redis-server", ["--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", "--dir", Path.GetDirectoryName(path)!])
        {
            RedirectStandardOutput = true,
        })!;
        while (_process.StandardOutput.ReadLine() is { } line && !line.Contains("ready to accept connections", StringComparison.OrdinalIgnoreCase))
        {
        }

        _socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _socket.Connect(new UnixDomainSocketEndPoint(path));
        _stream = new BufferedStream(new NetworkStream(_socket));
    }

    /// <summary>Makes a script known whose clock is what is asked for with each call, and gives its digest.</summary>
    public string Load(string script)
    {
        Assert.That(script, Does.Contain(Clock), "the script knows the time from the server alone");
        var text = script.Replace(Clock, "{ARGV[9], ARGV[10]}", StringComparison.Ordinal);
        Send(["SCRIPT", "LOAD", text]);
        return Text();
    }

    /// <summary>Forgets everything but scripts.</summary>
    public void Flush()
    {
        Send(["FLUSHALL"]);
        Assert.That(Line(), Is.EqualTo("+OK"));
    }

    /// <summary>Calls a script, and gives the numbers that it answers.</summary>
    public long[] Call(string digest, string key, params object[] arguments)
    {
        Send(["EVALSHA", digest, "1", key, .. arguments.Select(argument => Convert.ToString(argument, CultureInfo.InvariantCulture)!)]);
        var head = Line();
        Assert.That(head, Does.StartWith("*"));
        return [.. Enumerable.Range(0, int.Parse(head.AsSpan(1), CultureInfo.InvariantCulture)).Select(_ => long.Parse(Line().AsSpan(1), CultureInfo.InvariantCulture))];
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _folder.Dispose();
    }

    private void Send(string[] words)
    {
        var command = new StringBuilder($"*{words.Length}\r\n");
        foreach (var word in words)
        {
            command.Append(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n");
        }

        _stream.Write(Encoding.UTF8.GetBytes(command.ToString()));
        _stream.Flush();
    }

    private string Text()
    {
        Assert.That(Line(), Does.StartWith("$"));
        return Line();
    }

    private string Line()
    {
        var line = new StringBuilder();
        for (var next = _stream.ReadByte(); next != '\n'; next = _stream.ReadByte())
        {
            Assert.That(next, Is.Not.EqualTo(-1), "the server has closed the connection");
            line.Append((char)next);
        }

        return line.ToString().TrimEnd('\r');
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using LoadBalancer.Redis;

namespace LoadBalancer.Tests.Redis;

/// <summary>A real redis-server on a port of its own, which keeps nothing on disk. It can be frozen, killed and started again, and asked over a plain socket.</summary>
internal sealed partial class RedisServer : IDisposable
{
    private const int Kill9 = 9;
    private const int Stop19 = 19;
    private const int Continue18 = 18;

    private readonly TemporaryFolder _folder = new();
    private readonly string[] _options;
    private readonly bool _isUnix;
    private Process? _process;

    /// <summary>Starts one, and waits until it answers.</summary>
    /// <param name="options">Further words of its command line.</param>
    public RedisServer(params string[] options)
        : this(isUnix: false, options)
    {
    }

    private RedisServer(bool isUnix, string[] options)
    {
        (_isUnix, _options) = (isUnix, options);
        Address = isUnix ? new UnixDomainSocketEndPoint(_folder["redis.sock"]) : (IPEndPoint)Loopback.Refusing();
        Start();
    }

    /// <summary>Where it listens.</summary>
    public EndPoint Address { get; }

    /// <summary>Its port.</summary>
    public int Port => ((IPEndPoint)Address).Port;

    /// <summary>What the file has for it.</summary>
    public string Url => _isUnix ? $"unix:{Address}" : string.Create(CultureInfo.InvariantCulture, $"redis://127.0.0.1:{Port}");

    /// <summary>Its password, for <see cref="Ask"/>.</summary>
    public string? Password { get; init; }

    /// <summary>One on a Unix socket.</summary>
    public static RedisServer OnUnixSocket() => new(isUnix: true, []);

    /// <summary>Starts it, where it does not run.</summary>
    public void Start()
    {
        string[] place = _isUnix ? ["--port", "0", "--unixsocket", Address.ToString()!] : ["--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1"];

        // Its own log is of no use to anybody, and its data are worth nothing.
        string[] words = [.. place, "--save", "", "--appendonly", "no", "--dir", _folder[""], "--logfile", _folder["log"], "--enable-debug-command", "local", .. _options];
        _process = Process.Start(new ProcessStartInfo("redis-server", words) { RedirectStandardOutput = true })!;
        Assert.That(Answers, Is.True.After(Loopback.TimeoutMs, 5), () => File.Exists(_folder["log"]) ? File.ReadAllText(_folder["log"]) : "no log");
    }

    /// <summary>It stands still: the kernel goes on to take connections and bytes for it.</summary>
    public void Freeze() => Assert.That(Signal(_process!.Id, Stop19), Is.Zero);

    /// <summary>It goes on.</summary>
    public void Thaw() => Assert.That(Signal(_process!.Id, Continue18), Is.Zero);

    /// <summary>It is gone from one moment to the next, with all that it kept.</summary>
    public void Kill()
    {
        if (_process is { } process)
        {
            Signal(process.Id, Kill9);
            process.WaitForExit();
            process.Dispose();
            _process = null;
        }
    }

    /// <summary>Asks it over a connection of its own.</summary>
    public RedisReply Ask(params string[] words)
    {
        using var socket = Loopback.Connect(Address);
        if (Password is not null)
        {
            Exchange(socket, "AUTH", Password);
        }

        return Exchange(socket, words);
    }

    public void Dispose()
    {
        Kill();
        _folder.Dispose();
    }

    private bool Answers()
    {
        try
        {
            return Ask("PING").Kind is RedisReplyKind.Text or RedisReplyKind.Error;
        }
        catch (Exception error) when (error is SocketException or AssertionException)
        {
            return false;
        }
    }

    private static RedisReply Exchange(Socket socket, params string[] words)
    {
        socket.Send(Encoding.UTF8.GetBytes($"*{words.Length}\r\n{string.Concat(words.Select(word => $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n"))}"));
        var buffer = new byte[64 * 1024];
        for (var length = 0; ;)
        {
            var read = socket.Receive(buffer, length, buffer.Length - length, SocketFlags.None);
            if (read == 0)
            {
                throw new SocketException((int)SocketError.ConnectionReset);
            }

            length += read;
            var status = RespReader.TryRead(buffer.AsSpan(0, length), out var reply, out _);
            if (status != RespStatus.Incomplete)
            {
                return reply;
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Signal(int process, int signal);
}

using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Discovery.Dns;

namespace LoadBalancer.Tests.Discovery.Dns;

/// <summary>A name server of a test on 127.0.0.1, over UDP and TCP on one port, with threads of its own; it says what the test tells it to.</summary>
internal sealed class FakeNameServer : IDisposable
{
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Socket _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private volatile Func<string, DnsType, DnsMessages?> _answer = (_, _) => new DnsMessages { Code = DnsResponseCode.NxDomain };
    private volatile bool _silent;

    public FakeNameServer()
    {
        // A port that is free for both.
        while (!_udp.IsBound)
        {
            _tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _udp.Bind(_tcp.LocalEndPoint!);
        }

        _tcp.Listen();
        Address = (IPEndPoint)_udp.LocalEndPoint!;
        Run(AnswerDatagrams);
        Run(AnswerStreams);
    }

    public IPEndPoint Address { get; }

    /// <summary>What was asked, as <c>udp A orders.internal</c>.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>The questions as they came over UDP.</summary>
    public ConcurrentQueue<(byte[] Question, EndPoint From)> Datagrams { get; } = new();

    /// <summary>True where no answer over UDP fits.</summary>
    public bool Truncates { get; set; }

    /// <summary>Sends something before an answer over UDP.</summary>
    public Action<byte[], EndPoint> BeforeAnswer { get; set; } = (_, _) => { };

    /// <summary>True where it answers nobody.</summary>
    public bool Silent
    {
        get => _silent;
        set => _silent = value;
    }

    /// <summary>Answers so from now on; null is silence.</summary>
    public void Answer(Func<string, DnsType, DnsMessages?> answer) => _answer = answer;

    /// <summary>A name with these IPv4 addresses and no other, and no other name.</summary>
    public void Serve(string name, uint ttl, params string[] addresses) => Answer((asked, type) =>
    {
        var message = new DnsMessages { Code = asked == name ? DnsResponseCode.NoError : DnsResponseCode.NxDomain };
        foreach (var address in asked == name && type == DnsType.A ? addresses : [])
        {
            message.Address(name, address, ttl);
        }

        return message;
    });

    /// <summary>Every question gets this code.</summary>
    public void Fail(DnsResponseCode code) => Answer((_, _) => new DnsMessages { Code = code });

    public void Dispose()
    {
        _udp.Dispose();
        _tcp.Dispose();
    }

    private static void Run(Action serve) => new Thread(() =>
    {
        try
        {
            while (true)
            {
                serve();
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    })
    { IsBackground = true }.Start();

    private void AnswerDatagrams()
    {
        var buffer = new byte[4096];
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        var length = _udp.ReceiveFrom(buffer, ref from);
        var question = buffer[..length];
        Datagrams.Enqueue((question, from));
        BeforeAnswer(question, from);
        if (AnswerTo(question, "udp") is { } answer)
        {
            answer.Truncated |= Truncates;
            _udp.SendTo(answer.To(question), from);
        }
    }

    private void AnswerStreams()
    {
        using var socket = _tcp.Accept();
        try
        {
            var question = socket.ReceiveExactly(BinaryPrimitives.ReadUInt16BigEndian(socket.ReceiveExactly(2)));
            if (AnswerTo(question, "tcp")?.To(question) is { } answer)
            {
                // In two pieces, as a stream may come.
                socket.Send([(byte)(answer.Length >> 8)]);
                socket.Send([(byte)answer.Length, .. answer]);
            }
        }
        catch (SocketException)
        {
            // The asker has given up.
        }
    }

    private DnsMessages? AnswerTo(byte[] question, string over)
    {
        var (name, type) = DnsMessages.Asked(question);
        Asked.Enqueue($"{over} {type.ToString().ToUpperInvariant()} {name}");
        return _silent ? null : _answer(name, type);
    }
}

using System.Net;
using System.Net.Sockets;
using LoadBalancer.Tests;
using static LoadBalancer.Daemon.Tests.Scenarios.BalancingScenarios;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>How one side's end reaches the other: whoever sends, however much, however it ends.</summary>
internal sealed class EndOfStreamScenarios
{
    private DaemonHarness _daemon = null!;
    private Socket _listener = null!;
    private EndPoint _address = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _listener = Loopback.Listen();
        _daemon = await DaemonHarness.StartAsync($$"""
            listeners: {{Listener("all")}}
            upstreams: {all: {endpoints: ["{{_listener.LocalEndPoint}}"]} }
            """);
        _address = await _daemon.AddressOfAsync("all");
    }

    [OneTimeTearDown]
    public async Task End()
    {
        await _daemon.DisposeAsync();
        _listener.Dispose();
    }

    [Test]
    public async Task Every_byte_arrives_then_the_end_and_the_other_direction_goes_on([Values("client", "endpoint")] string from, [Values(10, 20_000, 3_000_000)] int size)
    {
        var (sender, receiver) = Connect(from);
        using var both = new Both(sender, receiver);
        var sent = Loopback.Pattern(size);
        var sends = Task.Run(() => SendToEnd(sender, sent));
        Assert.That(receiver.ReceiveToEnd().AsSpan().SequenceEqual(sent), "what was sent before the end");
        await sends;

        var answer = Loopback.Pattern(size + 1);
        var answers = Task.Run(() => SendToEnd(receiver, answer));
        Assert.That(sender.ReceiveToEnd().AsSpan().SequenceEqual(answer), "what the other side sent after it had read the end");
        await answers;
    }

    [Test]
    public async Task After_a_reset_the_other_side_sees_an_error_and_no_orderly_end([Values("client", "endpoint")] string from, [Values(10, 20_000, 3_000_000)] int size)
    {
        var (sender, receiver) = Connect(from);
        using var both = new Both(sender, receiver);
        var sent = Loopback.Pattern(size);
        var sends = Task.Run(() =>
        {
            sender.Send(sent);
            sender.Abort();
        });
        var received = new MemoryStream();
        var error = Assert.Throws<SocketException>(() => ReceiveInto(received, receiver));
        Assert.That(error!.SocketErrorCode, Is.EqualTo(SocketError.ConnectionReset));
        Assert.That(sent.AsSpan().StartsWith(received.ToArray()), "what arrived before it is what was sent");
        await sends;
    }

    /// <summary>Closing with bytes unread is how most programs reset: what they had sent before still counts (RFC 9293, 3.10.4).</summary>
    [Test]
    public void An_answer_before_a_close_with_bytes_unread_arrives_and_then_an_error([Values("client", "endpoint")] string from)
    {
        var (sender, receiver) = Connect(from);
        using var both = new Both(sender, receiver);
        var answer = Loopback.Pattern(5000);
        receiver.Send(Loopback.Pattern(10));
        sender.ReceiveExactly(1);
        sender.Send(answer);
        sender.Close();
        var received = new MemoryStream();
        var error = Assert.Throws<SocketException>(() => ReceiveInto(received, receiver));
        Assert.That(error!.SocketErrorCode, Is.EqualTo(SocketError.ConnectionReset));
        Assert.That(received.ToArray().AsSpan().SequenceEqual(answer), "the answer came before the error");
    }

    private (Socket Sender, Socket Receiver) Connect(string from)
    {
        var client = Loopback.Connect(_address);
        var endpoint = _listener.Accept();
        endpoint.ReceiveTimeout = endpoint.SendTimeout = Loopback.TimeoutMs;
        return from == "client" ? (client, endpoint) : (endpoint, client);
    }

    private static void SendToEnd(Socket socket, byte[] bytes)
    {
        socket.Send(bytes);
        socket.Shutdown(SocketShutdown.Send);
    }

    private static void ReceiveInto(MemoryStream received, Socket socket)
    {
        var buffer = new byte[64 * 1024];
        for (int read; (read = socket.Receive(buffer)) > 0;)
        {
            received.Write(buffer, 0, read);
        }
    }

    private sealed record Both(Socket One, Socket Other) : IDisposable
    {
        public void Dispose()
        {
            One.Dispose();
            Other.Dispose();
        }
    }
}

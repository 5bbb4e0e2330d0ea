using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Connections.ProxyProtocol;
using LoadBalancer.Connections.Tracking;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Tcp;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests.Connections.Sniffing;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Tests.Upstreams;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tests.Tcp;

/// <summary>What comes before the relay: the route by server name, and the PROXY header for the endpoint.</summary>
internal sealed class TcpPreambleTests : UpstreamFixture
{
    private ListenerMetrics _metrics = null!;
    private TestLoops _loops = null!;
    private LoopLog _lines = null!;
    private ConnectionLog _connectionLog = null!;
    private Socket _endpoint = null!;
    private ConnectionTable _table = null!;
    private EpollListener _listener = null!;

    [SetUp]
    public void Prepare()
    {
        _metrics = new ListenerMetrics("all", loops: 1);
        _loops = new TestLoops();
        _lines = new LoopLog(1, LogDestination.Off, TimeProvider.System, LogSink.Silent);
        _connectionLog = new ConnectionLog(_lines, TimeProvider.System);
        _endpoint = Loopback.Listen();
        _table = new ConnectionTable(_loops.Group.Loops, onRoom: () => { });
    }

    [TearDown]
    public async Task Close()
    {
        await _listener.CloseAsync();
        await _table.StopAllAsync(new Fault(FaultSide.Internal, FaultKind.Drained));
        await _table.WhenEmptyAsync().WaitAsync(TimeSpan.FromSeconds(20));
        await _loops.Run(() => Assert.That((_loops.First.Blocks.Rented, _loops.First.LargeBlocks.Rented), Is.EqualTo((0, 0)), "buffers still rented"));
        _endpoint.Dispose();
        _loops.Dispose();
        _lines.Dispose();
    }

    [Test]
    public void A_name_leads_to_its_upstream_and_the_hello_arrives_as_it_was_sent([Values(1, 7, 10_000)] int pieceBytes)
    {
        ListenBySni();
        var hello = SampleHello.For("IMAP.example.com");
        using var client = Loopback.Connect(_listener.Address);
        foreach (var piece in hello.Chunk(pieceBytes))
        {
            client.Send(piece);
        }

        using var served = Accept();
        Assert.That(served.ReceiveExactly(hello.Length), Is.EqualTo(hello));
        served.Send("answer"u8);
        Assert.That(client.ReceiveExactly(6), Is.EqualTo("answer"u8.ToArray()));
    }

    [Test]
    public void A_name_that_no_route_has_is_answered_with_an_alert_and_the_end()
    {
        ListenBySni();
        using var client = Loopback.Connect(_listener.Address);
        client.Send(SampleHello.For("other.example"));
        Assert.That(client.ReceiveToEnd(), Is.EqualTo(new byte[] { 21, 3, 3, 0, 2, 2, 112 }));
        Counted(FaultKind.NoRoute);
    }

    [Test]
    public void Garbage_is_reset_and_counted()
    {
        ListenBySni();
        Refuses(FaultKind.ClientHelloMissing, "GET / HTTP/1.1\r\n\r\n"u8.ToArray());
        Refuses(FaultKind.ClientHelloInvalid, [22, 3, 1, 0, 0]);
        Refuses(FaultKind.ClientHelloInvalid, [22, 3, 1, 0x40, 0, 1, 0, 0x40, 1]);
    }

    [Test]
    public void An_end_before_the_hello_is_counted_as_that([Values(0, 20)] int sent)
    {
        ListenBySni();
        using var client = Loopback.Connect(_listener.Address);
        client.Send(SampleHello.For("imap.example.com").AsSpan(0, sent));
        client.Shutdown(SocketShutdown.Send);
        Assert.That(client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        Counted(sent == 0 ? FaultKind.ClientHelloMissing : FaultKind.ClientHelloInvalid);
    }

    [Test]
    public void A_client_that_sends_no_hello_is_closed_at_the_deadline()
    {
        ListenBySni(preamble: TimeSpan.FromMilliseconds(50));
        using var client = Loopback.Connect(_listener.Address);
        client.Send(SampleHello.For("imap.example.com").AsSpan(0, 20));
        Assert.That(client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        Counted(FaultKind.PreambleTimeout);
    }

    [Test]
    public async Task A_drain_ends_one_whose_hello_has_not_come()
    {
        ListenBySni();
        using var client = Loopback.Connect(_listener.Address);
        client.Send([22]);
        Assert.That(SpinWait.SpinUntil(() => _table.Count == 1, TimeSpan.FromSeconds(30)), Is.True);
        await _table.StopAllAsync(new Fault(FaultSide.Internal, FaultKind.Drained));
        Assert.That(client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        Counted(FaultKind.Drained);
    }

    [Test]
    public void Otherwise_takes_what_no_name_leads_on_and_what_is_not_TLS()
    {
        ListenBySni(otherwise: "all");
        foreach (var first in (byte[][])[SampleHello.For("other.example"), SampleHello.Of([]), "GET / HTTP/1.1\r\n\r\n"u8.ToArray()])
        {
            using var client = Loopback.Connect(_listener.Address);
            client.Send(first);
            using var served = Accept();
            Assert.That(served.ReceiveExactly(first.Length), Is.EqualTo(first));
        }
    }

    [Test]
    public void The_endpoint_gets_a_PROXY_header_before_the_first_byte([Values] ProxyVersion version, [Values] bool clientSpeaksFirst)
    {
        Listen(new TcpOptions("all"), version);
        using var client = Loopback.Connect(_listener.Address);
        if (clientSpeaksFirst)
        {
            client.Send("first"u8);
        }

        using var served = Accept();
        var header = ReceiveHeader(served);
        Assert.That((header.Version, header.Source, header.Destination), Is.EqualTo((version, (IPEndPoint)client.LocalEndPoint!, (IPEndPoint)_listener.Address)));
        if (!clientSpeaksFirst)
        {
            client.Send("first"u8);
        }

        Assert.That(served.ReceiveExactly(5), Is.EqualTo("first"u8.ToArray()));
        served.Send("answer"u8);
        Assert.That(client.ReceiveExactly(6), Is.EqualTo("answer"u8.ToArray()));
        client.Shutdown(SocketShutdown.Send);
        Assert.That(served.ReceiveToEnd(), Is.Empty);
        served.Dispose();
        Assert.That(client.ReceiveToEnd(), Is.Empty);
        Assert.That(SpinWait.SpinUntil(() => _table.Count == 0, TimeSpan.FromSeconds(30)), Is.True);
        Assert.That((_metrics.ReceivedBytes, _metrics.SentBytes), Is.EqualTo((5, 6)), "the header is none of the client's bytes");
    }

    [Test]
    public void With_both_the_header_comes_before_the_hello()
    {
        ListenBySni(version: ProxyVersion.V2);
        var hello = SampleHello.For("imap.example.com");
        using var client = Loopback.Connect(_listener.Address);
        client.Send(hello);
        using var served = Accept();
        Assert.That(ReceiveHeader(served).Source, Is.EqualTo(client.LocalEndPoint));
        Assert.That(served.ReceiveExactly(hello.Length), Is.EqualTo(hello));
    }

    private static ProxyHeader ReceiveHeader(Socket served)
    {
        var bytes = new List<byte>();
        while (true)
        {
            bytes.AddRange(served.ReceiveExactly(1));
            var outcome = ProxyHeaderReader.Read(bytes.ToArray(), out _, out var header);
            if (outcome == ProxyHeaderOutcome.Complete)
            {
                return header;
            }

            Assert.That(outcome, Is.EqualTo(ProxyHeaderOutcome.Incomplete), Encoding.Latin1.GetString(bytes.ToArray()));
        }
    }

    private void ListenBySni(string? otherwise = null, TimeSpan? preamble = null, ProxyVersion? version = null) => Listen(
        new TcpOptions((string?)null) { Sni = new ValueMap<string>([KeyValuePair.Create("imap.example.com", "all")]), Otherwise = otherwise }, version, preamble);

    private void Listen(TcpOptions tcp, ProxyVersion? version = null, TimeSpan? preamble = null)
    {
        var upstream = new Upstream(
            "all", new UpstreamOptions { Endpoints = [new EndpointOptions { Address = _endpoint.LocalEndPoint! }], SendProxyProtocol = version }, previous: null, Context);
        var proxy = new TcpProxy
        {
            Listener = "all",
            Routes = new TcpRouteTable(tcp, new Dictionary<string, Upstream> { ["all"] = upstream }),
            Timeouts = new TcpTimeouts { Preamble = preamble ?? TimeSpan.FromMinutes(1) },
            Connections = _table,
            Metrics = _metrics,
            Log = _connectionLog,
            Time = TimeProvider.System,
            OnBug = error => _loops.Escaped.Enqueue(error),
        };
        _listener = EpollListener.Bind(_loops.Group.Loops, new IPEndPoint(IPAddress.Loopback, 0), new TestSink(proxy.Serve));
        _listener.Start();
    }

    private void Refuses(FaultKind reason, byte[] bytes)
    {
        var before = _metrics.RejectedFor(reason);
        using var client = Loopback.Connect(_listener.Address);
        client.Send(bytes);
        Assert.That(client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        Counted(reason, before + 1);
    }

    private void Counted(FaultKind reason, long count = 1)
    {
        Assert.That(SpinWait.SpinUntil(() => _table.Count == 0 && _metrics.Active == 0, TimeSpan.FromSeconds(30)), Is.True);
        Assert.That(_metrics.RejectedFor(reason), Is.EqualTo(count));
        Assert.That(_endpoint.Poll(0, SelectMode.SelectRead), Is.False, "somebody connected to the endpoint");
    }

    private Socket Accept()
    {
        var served = _endpoint.Accept();
        served.ReceiveTimeout = Loopback.TimeoutMs;
        return served;
    }
}

using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>Bodies and WebSockets that are kept to a bandwidth: how many bytes come at each time of a clock that the test moves.</summary>
/// <remarks>At 1000 B/s with a burst of 512 B a piece has 256 bytes: so many as 512 + 1000 t has whole ones have come at t, and the last one when the rest is there.
/// The clock goes in steps in which the bucket does not run over.</remarks>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class BandwidthScenarios(Carrier carrier) : IOverCarriers
{
    private const int Whole = 3000;

    // Every time that lb gives its peers is shorter than a wait for the bandwidth.
    private const string Hurried = ", timeouts: {body: 100ms}, limits: {body_rate: 1MiB/s}";
    private const string HurriedUpstream = ", timeouts: {first_byte: 100ms, between_bytes: 100ms, stream_idle: 100ms}";

    private static readonly (double Seconds, int Bytes)[] Course = [(0, 512), (0.25, 512), (0.5, 768), (0.75, 1024), (1, 1280), (1.25, 1536), (1.5, 1792), (1.75, 2048), (2, 2304), (2.25, 2560), (2.5, Whole)];

    private readonly List<IDisposable> _peers = [];
    private ManualTime _time = null!;
    private BareGateway _gateway = null!;

    public Carrier Carrier => carrier;

    [SetUp]
    public void Begin() => _time = new ManualTime();

    [TearDown]
    public async Task End()
    {
        foreach (var peer in _peers)
        {
            peer.Dispose();
        }

        _peers.Clear();
        await _gateway.DisposeAsync();
    }

    [Test]
    public async Task A_response_comes_as_fast_as_it_may_and_whole([Values] bool isChunked)
    {
        await StartAsync(Endpoint((wire, _) => wire.Send(isChunked
            ? $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{Whole:x}\r\n{new string('x', Whole)}\r\n0\r\n\r\n"
            : $"HTTP/1.1 200 OK\r\nContent-Length: {Whole}\r\n\r\n{new string('x', Whole)}")));
        var client = Client();
        client.Get("/slow");
        Assert.That(client.ReadHead().Status, Is.EqualTo(200));

        // The framing of each piece is no part of the body.
        var tally = Tallied(carrier == Carrier.Http1 && isChunked ? new ChunkedBytes(client).Read : () => client.ReadBytes(1).Length);
        Follow(tally);
        tally.Join();
        var line = Line();
        Assert.That((line.GetProperty("sent_bytes").GetInt32(), line.GetProperty("result").GetString()), Is.EqualTo((Whole, "ok")));
        Assert.That(line.GetProperty("paused_ms").GetDouble(), Is.EqualTo(2500), "from when the burst was sent");
    }

    [Test]
    public async Task A_request_comes_as_fast_as_it_may_and_whole()
    {
        var endpoint = Listen();
        await StartAsync(endpoint.LocalEndPoint!);
        var client = Client();
        client.Send($"POST /slow HTTP/1.1\r\nHost: test\r\nContent-Length: {Whole}\r\n\r\n{new string('x', Whole)}");
        var peer = Accept(endpoint);
        peer.ReadHead();
        var tally = Tallied(() => peer.ReadBytes(1).Length);
        Follow(tally);
        tally.Join();
        peer.Respond("thanks");
        Assert.That(client.ReadResponse().Text, Is.EqualTo("thanks"));
        var line = Line();
        Assert.That((line.GetProperty("received_bytes").GetInt32(), line.GetProperty("paused_ms").GetDouble()), Is.EqualTo((Whole, 2500)));
    }

    [Test]
    public async Task A_WebSocket_keeps_to_it_in_both_directions()
    {
        var endpoint = Listen();
        await StartAsync(endpoint.LocalEndPoint!);
        var client = Client();
        client.Get("/slow", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
        var peer = Accept(endpoint);
        peer.Send(WebSocketAnswer.To(peer.ReadRequest()!));
        Assert.That(client.ReadResponse().Status, Is.EqualTo(101));
        client.Send(new string('u', Whole));
        peer.Send(new string('d', Whole));
        var (up, down) = (Tallied(() => peer.ReadBytes(1).Length), Tallied(() => client.ReadBytes(1).Length));
        Follow(up, down);
    }

    [Test]
    public async Task The_exchanges_of_a_caller_share_it_in_turns_and_others_have_their_own()
    {
        await StartAsync(Endpoint((wire, _) => wire.Respond(new string('x', Whole))));
        Tally Ask(string key)
        {
            var client = Client();
            client.Get("/slow", $"X-Key: {key}\r\n");
            Assert.That(client.ReadHead().Status, Is.EqualTo(200));
            return Tallied(() => client.ReadBytes(1).Length);
        }

        var first = Ask("a");
        Reach(0, 512, first);
        var (second, other) = (Ask("a"), Ask("b"));
        Reach(0, 512, other);
        Assert.That(second.Bytes, Is.Zero, "nothing is left of the burst");
        foreach (var (seconds, one, two) in new[] { (0.512, 768, 256), (1.024, 1024, 512), (1.536, 1280, 768), (2.048, 1536, 1024) })
        {
            Reach(seconds, one, first);
            Reach(seconds, two, second);
        }

        Reach(2.5, Whole, other);
    }

    [Test]
    public async Task A_client_that_goes_ends_its_wait_at_once([Values] bool isUpload)
    {
        var endpoint = Listen();
        await StartAsync(endpoint.LocalEndPoint!);
        var client = Client();
        client.Send(isUpload ? $"POST /slow HTTP/1.1\r\nHost: test\r\nContent-Length: {Whole}\r\n\r\n{new string('x', Whole)}" : "GET /slow HTTP/1.1\r\nHost: test\r\n\r\n");
        var peer = Accept(endpoint);
        peer.ReadHead();
        if (isUpload)
        {
            peer.ReadBytes(512);
        }
        else
        {
            peer.Send($"HTTP/1.1 200 OK\r\nContent-Length: {Whole}\r\n\r\n{new string('x', Whole)}");
            client.ReadHead();
            client.ReadBytes(512);
        }

        client.Socket.Abort();
        _gateway.Settle();
        Assert.That(Line().GetProperty("result").GetString(), Is.EqualTo("client_closed"));
    }

    [Test]
    public async Task The_time_of_the_route_counts_all_the_same()
    {
        await StartAsync(Endpoint((wire, _) => wire.Respond(new string('x', Whole))));
        var client = Client();
        client.Get("/timed");
        client.ReadHead();
        var tally = Tallied(() => client.ReadBytes(1).Length);
        Reach(0, 512, tally);
        Reach(0.5, 768, tally);
        Advance(0.55);
        Assert.That(() => Line().GetProperty("result").GetString(), Is.EqualTo("exchange_timeout"));
        Assert.That(tally.Bytes, Is.LessThan(Whole));
    }

    [Test]
    public async Task An_endpoint_that_dies_ends_the_wait_of_a_request()
    {
        var endpoint = Listen();
        await StartAsync(endpoint.LocalEndPoint!);
        var client = Client();
        client.Send($"POST /slow HTTP/1.1\r\nHost: test\r\nContent-Length: {Whole}\r\n\r\n{new string('x', Whole)}");
        var peer = Accept(endpoint);
        peer.ReadHead();
        peer.ReadBytes(512);
        peer.Socket.Abort();
        Assert.That(client.ReadResponse().Status, Is.EqualTo(502));
    }

    private async Task StartAsync(System.Net.EndPoint endpoint) => _gateway = await BareGateway.StartAsync(
        $"{{routes: [{{path: /slow, upstream: up, rate_limit: slow}}, {{path: /timed, upstream: up, rate_limit: slow, timeout: 1s}}]{Hurried}}}",
        $"{{up: {{endpoints: [\"{endpoint}\"], health: {{passive: off}}{HurriedUpstream}}}}}\n"
            + "rate_limits: {slow: {key: header:X-Key, bandwidth: {request: 1000B/s, response: 1000B/s, burst: 512B}}}",
        loops: 1, access: LogDestination.File, time: _time);

    /// <summary>At each time of the course there is what may be, and never more.</summary>
    private void Follow(params Tally[] tallies)
    {
        foreach (var (seconds, bytes) in Course)
        {
            Array.ForEach(tallies, tally => Reach(seconds, bytes, tally));
        }
    }

    private void Reach(double seconds, int bytes, Tally tally)
    {
        Advance(seconds - (_time.GetElapsedTime(0).TotalSeconds));
        Assert.That(() => tally.Bytes, Is.EqualTo(bytes).After(Loopback.TimeoutMs, 1), $"after {seconds} s");
    }

    private void Advance(double seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        foreach (var loop in _gateway.Loops.Loops)
        {
            loop.Wake();
        }
    }

    private System.Text.Json.JsonElement Line()
    {
        Assert.That(() => File.ReadAllLines(_gateway.AccessPath).Length, Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
        return System.Text.Json.JsonDocument.Parse(File.ReadAllLines(_gateway.AccessPath)[0]).RootElement;
    }

    private HttpWire Client() => Kept(_gateway.Connect());

    private System.Net.EndPoint Endpoint(Action<HttpWire, HttpMessage> answer) => Kept(new HttpEndpoint(answer)).Address;

    private System.Net.Sockets.Socket Listen() => Kept(Loopback.Listen());

    private HttpWire Accept(System.Net.Sockets.Socket listener)
    {
        var peer = Kept(new HttpWire(listener.Accept()));
        peer.Socket.ReceiveTimeout = Loopback.TimeoutMs;
        return peer;
    }

    private static Tally Tallied(Func<int> read) => new(read);

    private T Kept<T>(T peer)
        where T : IDisposable
    {
        _peers.Add(peer);
        return peer;
    }

    /// <summary>Counts what comes, on a thread of its own.</summary>
    private sealed class Tally
    {
        private readonly Thread _thread;
        private int _bytes;

        public Tally(Func<int> read)
        {
            _thread = new Thread(() =>
            {
                try
                {
                    while (Bytes < Whole)
                    {
                        Interlocked.Add(ref _bytes, read());
                    }
                }
                catch (Exception error) when (error is System.Net.Sockets.SocketException or EndOfStreamException or ObjectDisposedException)
                {
                    // The test is over, or what it is about has ended.
                }
            })
            { IsBackground = true };
            _thread.Start();
        }

        public int Bytes => Volatile.Read(ref _bytes);

        public void Join() => _thread.Join();
    }

    /// <summary>Reads a chunked body byte by byte.</summary>
    private sealed class ChunkedBytes(HttpWire wire)
    {
        private int _left;

        public int Read()
        {
            if (_left == 0)
            {
                var size = "";
                while (!size.EndsWith("\r\n", StringComparison.Ordinal))
                {
                    size += (char)wire.ReadBytes(1)[0];
                }

                _left = int.Parse(size.AsSpan()[..^2], System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture);
            }

            wire.ReadBytes(1);
            if (--_left == 0)
            {
                wire.ReadBytes(2);
            }

            return 1;
        }
    }
}

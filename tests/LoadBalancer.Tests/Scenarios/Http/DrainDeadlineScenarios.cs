using System.Net.Sockets;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>When a drain with a deadline ends what is open, and when it does not; over both carriers.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class DrainDeadlineScenarios(Carrier carrier) : IOverCarriers
{
    private const string Agree = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    private static readonly byte[] Message = [0x82, 0x02, (byte)'h', (byte)'i'];
    private static readonly byte[] Restart = [0x88, 0x02, 0x03, 0xF4];
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(500);

    private readonly ManualTime _time = new();
    private readonly ManualResetEventSlim _more = new();
    private HttpEndpoint _endpoint = null!;
    private HttpEndpoint _other = null!;
    private int _open;

    public Carrier Carrier => carrier;

    [SetUp]
    public void Prepare()
    {
        _more.Reset();
        _open = 0;
        _endpoint = new HttpEndpoint(Serve);
        _other = new HttpEndpoint(Serve);
    }

    [TearDown]
    public void Clean()
    {
        _more.Set();
        _endpoint.Dispose();
        _other.Dispose();
    }

    [OneTimeTearDown]
    public void Forget() => _more.Dispose();

    [Test]
    public async Task Requests_under_way_are_ended_as_drained_and_idle_connections_closed()
    {
        await using var gateway = await StartAsync();
        using (var idle = Ask(gateway, "/idle"))
        using (var silent = Ask(gateway, "/silent"))
        using (var begun = Ask(gateway, "/begun"))
        {
            Assert.That(idle.ReadResponse().Status, Is.EqualTo(200));
            begun.ReadHead();
            var deadlines = await DrainAsync(gateway, TimeSpan.FromSeconds(10));
            await AdvanceAsync(gateway, TimeSpan.FromSeconds(9));
            Assert.That(_endpoint.Open, Is.Positive);
            await EndAsync(gateway, deadlines, TimeSpan.FromSeconds(2));
            LimitScenarios.IsProblem(silent.ReadResponse(), 503, "drained");
            Assert.That(() => begun.ReadBytes(100), Throws.InstanceOf<EndOfStreamException>().Or.InstanceOf<SocketException>());
            _more.Set();
            Assert.That(() => _endpoint.Open, Is.Zero.After(Loopback.TimeoutMs, 5));
            Assert.That(gateway.Get("/idle").Status, Is.EqualTo(200), "of the other");
        }

        gateway.Settle();
        Assert.That(
            () => File.ReadAllLines(gateway.AccessPath).Count(line => line.Contains("\"drained\"", StringComparison.Ordinal) && line.Contains("\"internal\"", StringComparison.Ordinal)),
            Is.EqualTo(2).After(Loopback.TimeoutMs, 5));
    }

    [Test]
    public async Task An_endpoint_that_is_enabled_again_before_keeps_what_it_has()
    {
        await using var gateway = await StartAsync();
        using (var chat = Open(gateway))
        using (var begun = Ask(gateway, "/begun"))
        {
            begun.ReadHead();
            var deadlines = await DrainAsync(gateway, TimeSpan.FromSeconds(10));
            gateway.Upstreams["up"].Enable(gateway.Upstreams["up"].View.All[0].Endpoint.Id);
            await gateway.Upstreams["up"].SettleAsync();
            await EndAsync(gateway, deadlines, TimeSpan.FromSeconds(1));
            await AdvanceAsync(gateway, TimeSpan.FromSeconds(30));
            AssertGoesOn(chat, begun);

            // As if there had been no deadline: another one counts.
            deadlines = await DrainAsync(gateway, TimeSpan.FromSeconds(10));
            await AdvanceAsync(gateway, TimeSpan.FromSeconds(5));
            Assert.That(chat.ReadBytes(Restart.Length), Is.EqualTo(Restart));
            await EndAsync(gateway, deadlines, TimeSpan.FromSeconds(6));
        }

        gateway.Settle();
    }

    [Test]
    public async Task Another_deadline_counts_in_place_of_the_first()
    {
        await using var gateway = await StartAsync();
        using (var chat = Open(gateway))
        using (var begun = Ask(gateway, "/begun"))
        {
            begun.ReadHead();
            var first = await DrainAsync(gateway, TimeSpan.FromSeconds(10));
            var second = await DrainAsync(gateway, TimeSpan.FromSeconds(100));
            await EndAsync(gateway, first, TimeSpan.FromSeconds(1));
            await AdvanceAsync(gateway, TimeSpan.FromSeconds(10));
            AssertGoesOn(chat, begun);
            await AdvanceAsync(gateway, TimeSpan.FromSeconds(28));
            Assert.That(chat.ReadBytes(Restart.Length), Is.EqualTo(Restart), "in the first half, where its turn is the latter of two");
            await EndAsync(gateway, second, TimeSpan.FromSeconds(62));
            Assert.That(begun.IsCutOff(), Is.True);
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_reload_meanwhile_changes_nothing_of_it()
    {
        await using var gateway = await StartAsync();
        using (var chat = Open(gateway))
        using (var begun = Ask(gateway, "/begun"))
        {
            begun.ReadHead();
            var deadlines = await DrainAsync(gateway, TimeSpan.FromSeconds(10));
            await gateway.ReloadAsync("{upstream: up}", Upstreams(", timeouts: {connect: 3s}"));
            await AdvanceAsync(gateway, TimeSpan.FromSeconds(6));
            Assert.That(chat.ReadBytes(Restart.Length), Is.EqualTo(Restart));
            await EndAsync(gateway, deadlines, TimeSpan.FromSeconds(5));
            Assert.That(begun.IsCutOff(), Is.True);
            Assert.That(gateway.Upstreams["up"].View.All[0].Endpoint.IsGone, Is.True);

            // What has ended has ended: enabled, it serves as before.
            gateway.Upstreams["up"].Enable(gateway.Upstreams["up"].View.All[0].Endpoint.Id);
            await gateway.Upstreams["up"].SettleAsync();
            var before = _endpoint.Requests.Count;
            Assert.That((gateway.Get("/idle").Status, gateway.Get("/idle").Status, _endpoint.Requests.Count), Is.EqualTo((200, 200, before + 1)));
        }

        gateway.Settle();
    }

    [Test]
    public async Task Streams_of_HTTP2_to_the_endpoint_are_reset_and_its_connection_closed()
    {
        using var endpoint = new Http2Endpoint((wire, stream, _) =>
        {
            wire.Headers(stream, ends: false, (":status", "200"));
            wire.Data(stream, "begun");
        });
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{endpoint.Address}\"], protocol: http2}}}}", time: _time);
        using (var client = Ask(gateway, "/"))
        {
            client.ReadHead();
            var deadlines = await DrainAsync(gateway, TimeSpan.FromSeconds(10));
            await AdvanceAsync(gateway, TimeSpan.FromSeconds(9));
            Assert.That(endpoint.Open, Is.EqualTo(1));
            await EndAsync(gateway, deadlines, TimeSpan.FromSeconds(2));
            Assert.That(() => client.ReadBytes(100), Throws.InstanceOf<EndOfStreamException>().Or.InstanceOf<SocketException>());
            Assert.That(() => endpoint.Open, Is.Zero.After(Loopback.TimeoutMs, 5));
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_copy_for_a_mirror_is_ended_too()
    {
        using var answering = new HttpEndpoint((wire, _) => wire.Respond("ok"));
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{upstream: main, mirror: up}]}", $"{{{HttpGateway.Upstream("main", "", answering)}, {HttpGateway.Upstream("up", "", _endpoint)}}}", loops: 1, time: _time);
        using (var client = gateway.Connect())
        {
            Assert.That(client.Get("/silent").ReadResponse().Text, Is.EqualTo("ok"));
            _open++;
            Assert.That(() => _endpoint.Requests.Count, Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
            var deadlines = await DrainAsync(gateway, TimeSpan.FromSeconds(10));
            await AdvanceAsync(gateway, TimeSpan.FromSeconds(9));
            Assert.That((_endpoint.Open, gateway.Engine.Loops[0].Mirrored.Count), Is.EqualTo((1, 1)));
            await EndAsync(gateway, deadlines, TimeSpan.FromSeconds(2));
            Assert.That(gateway.Engine.Loops[0].Mirrored, Is.Empty);
            Assert.That(() => _endpoint.Open, Is.Zero.After(Loopback.TimeoutMs, 5));
        }

        gateway.Settle();
    }

    [Test]
    public async Task What_is_asked_anew_for_the_cache_is_ended_too_and_what_is_kept_stays()
    {
        var asked = 0;
        using var refreshed = new HttpEndpoint((wire, _) =>
        {
            if (Interlocked.Increment(ref asked) > 1)
            {
                wire.HasEnded();
                throw new OperationCanceledException();
            }

            wire.Respond("kept", "Cache-Control: max-age=1, stale-while-revalidate=600\r\n");
        });
        await using var gateway = await BareGateway.StartAsync("{routes: [{upstream: up, cache: {}}]}", $"{{{HttpGateway.Upstream("up", "", refreshed)}}}", loops: 1, time: _time);
        using (var client = gateway.Connect())
        {
            Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("kept"));
            _open++;
            await AdvanceAsync(gateway, TimeSpan.FromSeconds(2));
            Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("kept"));
            Assert.That(() => refreshed.Requests.Count, Is.EqualTo(2).After(Loopback.TimeoutMs, 5));
            var deadlines = await DrainAsync(gateway, TimeSpan.FromSeconds(10));
            await AdvanceAsync(gateway, TimeSpan.FromSeconds(9));
            Assert.That((refreshed.Open, gateway.Engine.Loops[0].Refreshing.Count), Is.EqualTo((1, 1)));
            await EndAsync(gateway, deadlines, TimeSpan.FromSeconds(2));
            Assert.That(gateway.Engine.Loops[0].Refreshing, Is.Empty);
            Assert.That(() => refreshed.Open, Is.Zero.After(Loopback.TimeoutMs, 5));
            Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("kept"));
        }

        gateway.Settle();
    }

    private void AssertGoesOn(HttpWire chat, HttpWire begun)
    {
        chat.Send(Message);
        Assert.That(chat.ReadBytes(Message.Length), Is.EqualTo(Message));
        _more.Set();
        Assert.That(begun.ReadBytes(4), Is.EqualTo("more"u8.ToArray()));
    }

    private void Serve(HttpWire wire, HttpMessage request)
    {
        switch (request.FirstLine.Split(' ')[1])
        {
            case "/idle":
                wire.Respond("ok");
                return;
            case "/silent":
                wire.HasEnded();
                throw new OperationCanceledException();
            case "/begun":
                wire.Send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 10000000\r\n\r\n");
                _more.Wait(Loopback.TimeoutMs);
                wire.Send("more");
                wire.HasEnded();
                throw new OperationCanceledException();
            default:
                wire.Send(WebSocketAnswer.To(request));
                while (true)
                {
                    wire.Send(wire.ReadBytes(4));
                }
        }
    }

    private string Upstreams(string keys = "") => $"{{{HttpGateway.Upstream("up", $", balance: round_robin{keys}", _endpoint, _other)}}}";

    // On one loop, so that it is known whose turn comes when.
    private Task<BareGateway> StartAsync() => BareGateway.StartAsync("{upstream: up}", Upstreams(), loops: 1, access: LogDestination.File, time: _time);

    // To the first endpoint, which is the one that is drained.
    private HttpWire Ask(BareGateway gateway, string path, string fields = "")
    {
        for (var turn = 0; turn < 4; turn++)
        {
            var (asked, all) = (_endpoint.Requests.Count, _endpoint.Requests.Count + _other.Requests.Count);
            var client = gateway.Connect();
            client.Get(path, fields);
            var isOne = gateway.Upstreams["up"].View.All.Length == 1;
            Assert.That(() => isOne || _endpoint.Requests.Count + _other.Requests.Count > all, Is.True.After(Loopback.TimeoutMs, 5));
            if (isOne || _endpoint.Requests.Count > asked)
            {
                _open++;
                return client;
            }

            client.Dispose();
        }

        throw new InvalidOperationException("the two endpoints have no turns");
    }

    private HttpWire Open(BareGateway gateway)
    {
        var chat = Ask(gateway, "/chat", Agree);
        Assert.That(chat.ReadResponse().Status, Is.EqualTo(101));
        return chat;
    }

    // When this returns, all that is open has been told.
    private async Task<DrainDeadlines> DrainAsync(BareGateway gateway, TimeSpan within)
    {
        Assert.That(() => gateway.Listener.Connections.Count, Is.EqualTo(_open).After(Loopback.TimeoutMs, 5), "who asked the other endpoint is gone");
        var upstream = gateway.Upstreams["up"];
        var endpoint = upstream.View.All[0].Endpoint;
        upstream.Drain(endpoint.Id);
        await upstream.SettleAsync();
        var deadlines = new DrainDeadlines(() => gateway.Snapshot, gateway.Engine, _time, LogSink.Silent, CancellationToken.None);
        deadlines.Begin("up", [endpoint], within);
        await AdvanceAsync(gateway, TimeSpan.Zero);
        return deadlines;
    }

    // The clock may be faster than those who look at it.
    private async Task EndAsync(BareGateway gateway, DrainDeadlines deadlines, TimeSpan by)
    {
        await AdvanceAsync(gateway, by);
        var ended = deadlines.EndAsync();
        for (var turns = 0; !ended.IsCompleted; turns++)
        {
            Assert.That(turns, Is.LessThan(1000), "it does not end");
            await AdvanceAsync(gateway, TimeSpan.FromMilliseconds(1));
            await Loopback.PauseAsync();
        }

        await ended;
    }

    private async Task AdvanceAsync(BareGateway gateway, TimeSpan by)
    {
        do
        {
            var step = by < Step ? by : Step;
            _time.Advance(step);
            by -= step;
            foreach (var loop in gateway.Loops.Loops.ToArray())
            {
                await loop.RunAsync(_ => { }, null);
                await loop.RunAsync(_ => { }, null);
            }
        }
        while (by > TimeSpan.Zero);
    }
}

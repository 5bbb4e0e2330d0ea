using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using LoadBalancer.Http.Forwarding;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What has no end of its own, when its listener ends or a reload takes its endpoint away; over both carriers.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class DrainScenarios(Carrier carrier) : IOverCarriers
{
    private const string Agree = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    private static readonly byte[] Restart = [0x88, 0x02, 0x03, 0xF4];
    private static readonly byte[] Farewell = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xF4];

    public Carrier Carrier => carrier;

    [Test]
    public async Task A_websocket_is_told_1012_between_two_frames_and_its_two_sides_close_in_order()
    {
        var time = new ManualTime();
        using var listener = Loopback.Listen();
        await using var gateway = await StartAsync(listener, time);
        using (var client = gateway.Connect())
        using (var peer = Open(client, listener))
        {
            // A frame of 5 bytes, cut in the middle.
            peer.Send("\u0081\u0005he");
            Assert.That(client.ReadBytes(4), Is.EqualTo(new byte[] { 0x81, 5, (byte)'h', (byte)'e' }));
            await gateway.Listener.Connections.FinishAllAsync(TimeSpan.FromSeconds(1));
            await AdvanceAsync(gateway, time, TimeSpan.FromSeconds(2));
            peer.Send("llo\u0082\u0001x");
            Assert.That(client.ReadBytes(3 + Restart.Length), Is.EqualTo("llo"u8.ToArray().Concat(Restart)), "the rest of the frame, the word, and not the next frame");

            client.Send(Farewell);
            Assert.That(peer.ReadBytes(Farewell.Length), Is.EqualTo(Farewell), "the client's own Close is for the endpoint");
            peer.Send([0x88, 0x02, 0x03, 0xF4]);
            peer.Socket.Shutdown(SocketShutdown.Send);
            Assert.That(client.HasEnded(), Is.True, "no second Close, and an end in order");
            if (carrier == Carrier.Http1)
            {
                client.Socket.Shutdown(SocketShutdown.Send);
            }
        }

        gateway.Settle();
        await Assert.ThatAsync(() => Task.FromResult(File.ReadAllLines(gateway.AccessPath).Length), Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
        var line = JsonElement.Parse(File.ReadAllLines(gateway.AccessPath)[0]);
        Assert.That((line.GetProperty("status").GetInt32(), line.GetProperty("result").GetString(), line.GetProperty("side").GetString()), Is.EqualTo((101, "drained", "internal")));
    }

    [Test]
    public async Task A_silent_websocket_is_told_too_and_one_that_does_not_answer_is_cut_off()
    {
        var time = new ManualTime();
        using var listener = Loopback.Listen();
        await using var gateway = await StartAsync(listener, time);
        using (var client = gateway.Connect())
        using (var peer = Open(client, listener))
        {
            await gateway.Listener.Connections.FinishAllAsync(TimeSpan.FromSeconds(10));
            await AdvanceAsync(gateway, time, TimeSpan.FromSeconds(11));
            Assert.That(client.ReadBytes(Restart.Length), Is.EqualTo(Restart));
            await AdvanceAsync(gateway, time, Tunnel.Closing + TimeSpan.FromSeconds(1));
            Assert.That(client.IsCutOff(), Is.True);
            Assert.That(peer.IsCutOff(), Is.True);
        }

        gateway.Settle();
    }

    [Test]
    public async Task One_that_waits_for_its_bandwidth_is_cut_off_as_early()
    {
        var time = new ManualTime();
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{path: \"/*\", upstream: up, rate_limit: slow}]}",
            $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"], health: {{passive: off}}}}}}\nrate_limits: {{slow: {{key: client_ip, bandwidth: {{request: 1B/s, burst: 256B}}}}}}",
            time: time);
        using (var client = gateway.Connect())
        using (var peer = Open(client, listener))
        {
            client.Send(new string('x', 512));
            Assert.That(peer.ReadBytes(256), Has.Length.EqualTo(256));
            await gateway.Listener.Connections.FinishAllAsync(TimeSpan.FromSeconds(10));
            await AdvanceAsync(gateway, time, TimeSpan.FromSeconds(11));
            Assert.That(client.ReadBytes(Restart.Length), Is.EqualTo(Restart));
            Assert.That(peer.ReadBytes(256), Has.Length.EqualTo(256), "what waited waits no longer");
            await AdvanceAsync(gateway, time, Tunnel.Closing + TimeSpan.FromSeconds(1));
            Assert.That(client.IsCutOff(), Is.True);
        }

        gateway.Settle();
    }

    [Test]
    public async Task What_goes_to_an_endpoint_that_a_reload_took_away_is_drained_and_nothing_else()
    {
        using var gone = new HttpEndpoint(Serve);
        using var stays = new HttpEndpoint(Serve);
        var with = HttpGateway.Text(
            "{routes: [{path: /gone, upstream: gone}, {path: /both, upstream: both}]}",
            $"{{{HttpGateway.Upstream("gone", "", gone)}, {HttpGateway.Upstream("both", ", balance: round_robin", stays, gone)}}}");
        var without = HttpGateway.Text("{routes: [{path: /both, upstream: both}]}", $"{{{HttpGateway.Upstream("both", ", balance: round_robin", stays)}}}");
        await using var gateway = await HttpGateway.OnAsync(DaemonHarness.StartAsync(with, "reload: {watch: false}\nshutdown: {unready_for: 0s, drain: 2s}\n"));
        var streams = new List<(HttpWire Wire, bool IsChat, bool Stays)>();
        foreach (var (path, fields) in new[] { ("/gone", ""), ("/gone", Agree), ("/both", ""), ("/both", ""), ("/both", Agree), ("/both", Agree) })
        {
            var wire = gateway.Connect();
            wire.Get(path, fields);
            var head = fields.Length > 0 ? wire.ReadResponse() : wire.ReadHead();
            streams.Add((wire, fields.Length > 0, head["X-Port"] == stays.Address.ToString()!.Split(':')[1]));
        }

        Assert.That(streams.Count(stream => stream.Stays), Is.EqualTo(2), "one of each kind");
        await gateway.Daemon.ReloadAsync(without);
        AssertDrained(streams);
    }

    /// <summary>What a route that stays has changed that says where requests go, or who may: what is open on it is drained; nothing else is.</summary>
    [Test]
    public async Task What_is_on_its_way_along_a_route_that_is_gone_or_leads_elsewhere_is_drained_and_nothing_else()
    {
        using var endpoint = new HttpEndpoint(Serve);
        using var other = new HttpEndpoint(Serve);
        var upstreams = $"{{{HttpGateway.Upstream("up", "", endpoint)}, {HttpGateway.Upstream("other", "", other)}}}";
        var before = HttpGateway.Text(
            "{routes: [{path: /stays, upstream: up}, {path: /gone, upstream: up}, {path: /moved, upstream: up}, {path: /denied, upstream: up}]}", upstreams);
        var after = HttpGateway.Text(
            "{routes: [{path: /stays, name: stays, timeout: 1h, upstream: up}, {path: /moved, upstream: other}, {path: /denied, upstream: up, deny_ips: [127.0.0.1]}]}", upstreams);
        await using var gateway = await HttpGateway.OnAsync(DaemonHarness.StartAsync(before, "reload: {watch: false}\nshutdown: {unready_for: 0s, drain: 2s}\n"));
        var streams = new List<(HttpWire Wire, bool IsChat, bool Stays)>();
        foreach (var path in (string[])["/stays", "/gone", "/moved", "/denied"])
        {
            foreach (var fields in (string[])["", Agree])
            {
                var wire = gateway.Connect();
                wire.Get(path, fields);
                Assert.That((fields.Length > 0 ? wire.ReadResponse() : wire.ReadHead()).Status, Is.EqualTo(fields.Length > 0 ? 101 : 200));
                streams.Add((wire, fields.Length > 0, path == "/stays"));
            }
        }

        await gateway.Daemon.ReloadAsync(after);
        AssertDrained(streams);
    }

    [Test]
    public async Task What_goes_to_an_endpoint_that_an_operator_drains_within_a_time_is_drained_as_if_a_reload_took_it_away()
    {
        using var gone = new HttpEndpoint(Serve);
        using var stays = new HttpEndpoint(Serve);
        var text = HttpGateway.Text("{routes: [{path: /both, upstream: both}]}", $"{{{HttpGateway.Upstream("both", ", balance: round_robin", stays, gone)}}}");
        await using var gateway = await HttpGateway.OnAsync(DaemonHarness.StartAsync(text));
        var streams = new List<(HttpWire Wire, bool IsChat, bool Stays)>();
        foreach (var fields in (string[])["", "", Agree, Agree])
        {
            var wire = gateway.Connect();
            wire.Get("/both", fields);
            var head = fields.Length > 0 ? wire.ReadResponse() : wire.ReadHead();
            streams.Add((wire, fields.Length > 0, head["X-Port"] == stays.Address.ToString()!.Split(':')[1]));
        }

        Assert.That(streams.Count(stream => stream.Stays), Is.EqualTo(2), "one of each kind");
        foreach (var wrong in (string[])["0s", "-5s", "soon", "2d", "5"])
        {
            Assert.That(await gateway.Daemon.PostAsync($"/drain?upstream=both&endpoint={gone.Address}&within={wrong}"), Is.EqualTo(HttpStatusCode.BadRequest), wrong);
        }

        Assert.That(await gateway.Daemon.PostAsync($"/enable?upstream=both&within=5s"), Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((await gateway.StatusAsync()).GetProperty("drained").GetArrayLength(), Is.Zero, "nothing was changed");
        Assert.That(await gateway.Daemon.PostAsync($"/drain?upstream=both&endpoint={gone.Address}&within=2s"), Is.EqualTo(HttpStatusCode.OK));
        var drained = (await gateway.StatusAsync()).GetProperty("upstreams")[0].GetProperty("endpoints")[1].GetProperty("drained");
        Assert.That(drained.GetProperty("until").GetDateTimeOffset() - drained.GetProperty("since").GetDateTimeOffset(), Is.EqualTo(TimeSpan.FromSeconds(2)).Within(TimeSpan.FromSeconds(1)));
        AssertDrained(streams);
        Assert.That(() => gone.Open, Is.Zero.After(Loopback.TimeoutMs, 5));
        await gateway.Daemon.UntilAsync(status => !status.GetProperty("upstreams")[0].GetProperty("endpoints")[1].GetProperty("drained").TryGetProperty("until", out _), "the end of the drain");
    }

    private static void Serve(HttpWire wire, HttpMessage request)
    {
        var port = $"X-Port: {wire.Socket.LocalEndPoint!.ToString()!.Split(':')[1]}\r\n";
        if (request["Upgrade"] is null)
        {
            wire.Send($"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 10000000\r\n{port}\r\n");
            while (true)
            {
                wire.Send("data: x\n\n");
                wire.Socket.Poll(20_000, SelectMode.SelectError);
            }
        }

        wire.Send(WebSocketAnswer.To(request, port));
        while (true)
        {
            var bytes = wire.ReadBytes(4);
            if (bytes[0] == Farewell[0])
            {
                // It closes; the client's word is answered.
                wire.ReadBytes(4);
                wire.Send([0x88, 0x02, 0x03, 0xF4]);
                throw new OperationCanceledException();
            }

            wire.Send(bytes);
        }
    }

    private static void AssertDrained(List<(HttpWire Wire, bool IsChat, bool Stays)> streams)
    {
        foreach (var (wire, isChat, _) in streams.Where(stream => !stream.Stays).OrderBy(stream => !stream.IsChat))
        {
            if (isChat)
            {
                Assert.That(wire.ReadBytes(Restart.Length), Is.EqualTo(Restart));
                wire.Send(Farewell);
                Assert.That(wire.IsCutOff(), Is.True);
            }
            else
            {
                Assert.That(() => ReadEvents(wire, 10_000), Throws.InstanceOf<EndOfStreamException>().Or.InstanceOf<SocketException>());
            }
        }

        foreach (var (wire, isChat, _) in streams.Where(stream => stream.Stays))
        {
            if (isChat)
            {
                wire.Send("ping");
                Assert.That(wire.ReadBytes(4), Is.EqualTo("ping"u8.ToArray()));
            }
            else
            {
                // More than there were before the others ended.
                ReadEvents(wire, 100);
            }
        }

        streams.ForEach(stream => stream.Wire.Dispose());
    }

    // When this returns every loop has had its turn with the new time.
    private static async Task AdvanceAsync(BareGateway gateway, ManualTime time, TimeSpan by)
    {
        time.Advance(by);
        foreach (var loop in gateway.Loops.Loops.ToArray())
        {
            await loop.RunAsync(_ => { }, null);
            await loop.RunAsync(_ => { }, null);
        }
    }

    private static void ReadEvents(HttpWire wire, int count)
    {
        for (var at = 0; at < count; at++)
        {
            Assert.That(Encoding.ASCII.GetString(wire.ReadBytes(9)), Is.EqualTo("data: x\n\n"));
        }
    }

    private static Task<BareGateway> StartAsync(Socket listener, TimeProvider? time = null) =>
        BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"], health: {{passive: off}}}}}}", access: LogDestination.File, time: time);

    private static HttpWire Open(HttpWire client, Socket listener)
    {
        client.Get("/", Agree);
        var peer = new HttpWire(listener.Accept());
        peer.Socket.ReceiveTimeout = Loopback.TimeoutMs;
        peer.Send(WebSocketAnswer.To(peer.ReadRequest()!));
        Assert.That(client.ReadResponse().Status, Is.EqualTo(101));
        return peer;
    }
}

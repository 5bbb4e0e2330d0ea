using System.Net.Sockets;
using System.Text.Json;
using LoadBalancer.Http.Forwarding;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>How WebSockets end, and what the log says of it.</summary>
internal sealed class WebSocketScenarios
{
    private const string Agree = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    private const string Agreed = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

    [TestCase("client", true, "reset", "client")]
    [TestCase("endpoint", true, "reset", "upstream")]
    [TestCase("client", false, "ok", null)]
    [TestCase("endpoint", false, "endpoint_closed", "upstream")]
    public async Task Whose_end_it_was_is_logged(string who, bool reset, string result, string? side)
    {
        using var listener = Loopback.Listen();
        await using var gateway = await StartAsync(listener);
        using (var client = gateway.Connect())
        using (var peer = Agreement(client, listener))
        {
            client.Send("ping");
            peer.ReadBytes(4);
            peer.Send("pong!");
            client.ReadBytes(5);
            var (first, second) = who == "client" ? (client, peer) : (peer, client);
            if (reset)
            {
                first.Socket.Abort();
                Assert.That(() => second.Socket.ReceiveToEnd(), Throws.InstanceOf<SocketException>(), "a reset is passed on as one");
            }
            else
            {
                first.Socket.Shutdown(SocketShutdown.Send);
                Assert.That(second.HasEnded(), Is.True);
                second.Socket.Shutdown(SocketShutdown.Send);
                Assert.That(first.HasEnded(), Is.True);
            }
        }

        gateway.Settle();
        var line = await LineAsync(gateway);
        Assert.That((line.GetProperty("status").GetInt32(), line.GetProperty("result").GetString(), line.GetProperty("side").GetString()), Is.EqualTo((101, result, side)));
        Assert.That((line.GetProperty("received_bytes").GetInt32(), line.GetProperty("sent_bytes").GetInt32()), Is.EqualTo((4, 5)));
    }

    [Test]
    public async Task A_client_that_takes_nothing_is_silent_whatever_its_bandwidth()
    {
        var time = new ManualTime();
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{path: \"/*\", upstream: up, rate_limit: wide}]}",
            $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"], health: {{passive: off}}, timeouts: {{stream_idle: 1s}}}}}}\n"
                + "rate_limits: {wide: {key: client_ip, bandwidth: {response: 64MiB/s, burst: 64KiB}}}",
            loops: 1, access: LogDestination.File, time: time);
        using (var client = gateway.Connect())
        using (var peer = Agreement(client, listener))
        {
            // More than the sockets on the way have room for.
            var sent = Task.Run(() => Assert.That(() => peer.Send(new string('x', 32 << 20)), Throws.InstanceOf<SocketException>()));
            for (var turns = 0; !sent.IsCompleted; turns++)
            {
                Assert.That(turns, Is.LessThan(20_000), "it lasts for ever");
                time.Advance(TimeSpan.FromMilliseconds(1));
                await gateway.Loops.Loops[0].RunAsync(_ => { }, null);
                await gateway.Loops.Loops[0].RunAsync(_ => { }, null);
            }

            await sent;
        }

        gateway.Settle();
        Assert.That((await LineAsync(gateway)).GetProperty("result").GetString(), Is.EqualTo("idle_timeout"));
    }

    [TestCase("client", "upstream")]
    [TestCase("endpoint", "client")]
    public async Task Half_of_one_lives_while_bytes_flow_and_for_a_minute_of_silence(string who, string side)
    {
        var time = new ManualTime();
        using var listener = Loopback.Listen();
        await using var gateway = await StartAsync(listener, time);
        using (var client = gateway.Connect())
        using (var peer = Agreement(client, listener))
        {
            var (first, second) = who == "client" ? (client, peer) : (peer, client);
            Advance(TimeSpan.FromMinutes(9));
            first.Socket.Shutdown(SocketShutdown.Send);
            Assert.That(second.HasEnded(), Is.True);
            for (var at = 0; at < 3; at++)
            {
                Advance(Tunnel.HalfClosed - TimeSpan.FromSeconds(1));
                second.Send("x");
                Assert.That(first.ReadBytes(1), Is.EqualTo("x"u8.ToArray()), "bytes flow");
            }

            Advance(Tunnel.HalfClosed + TimeSpan.FromSeconds(1));
            Assert.That(first.IsCutOff(), Is.True);
        }

        gateway.Settle();
        var line = await LineAsync(gateway);
        Assert.That((line.GetProperty("result").GetString(), line.GetProperty("side").GetString()), Is.EqualTo(("half_closed_timeout", side)));

        void Advance(TimeSpan by)
        {
            time.Advance(by);
            foreach (var loop in gateway.Loops.Loops)
            {
                loop.Wake();
            }
        }
    }

    [Test]
    public async Task An_upgrade_that_nobody_has_agreed_to_is_asked_for_again()
    {
        using var busy = new HttpEndpoint((wire, _) => wire.Respond("", status: "503 Busy"));
        using var agreeing = new HttpEndpoint(Echo);
        await using var gateway = await BareGateway.StartAsync(
            "{upstream: up, defaults: {retry: {attempts: 3, on: [503], hedge_after: 1m, budget: 100%}}}",
            $"{{up: {{endpoints: [\"{Loopback.Refusing()}\", \"{busy.Address}\", \"{agreeing.Address}\"], health: {{passive: off}}}}}}",
            loops: 1);
        for (var turn = 0; turn < 3; turn++)
        {
            using var client = gateway.Connect();
            Assert.That(client.Get("/", Agree).ReadResponse().Status, Is.EqualTo(101));
            Assert.That(client.Send("ping").ReadBytes(4), Is.EqualTo("ping"u8.ToArray()));
        }

        gateway.Settle();
        Assert.That(agreeing.Requests, Has.Count.EqualTo(3));
        Assert.That(gateway.Upstreams["up"].Metrics.Responses!.RetriesOf(RetryReason.Status), Is.Positive);
    }

    [Test]
    public async Task Upgrades_count_for_the_circuit_and_for_ejections_as_any_request()
    {
        using var busy = new HttpEndpoint((wire, _) => wire.Respond("", status: "503 Busy"));
        using var agreeing = new HttpEndpoint(Echo);
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{path: /both, upstream: both}, {path: /busy, upstream: busy}]}",
            $"{{both: {{endpoints: [\"{busy.Address}\", \"{agreeing.Address}\"], health: {{passive: {{consecutive: 3, eject_for: 1h}}}}}}, "
                + $"busy: {{endpoints: \"{busy.Address}\", circuit_breaker: {{minimum: 3, open_for: 1h}}, health: {{passive: off}}}}}}",
            loops: 1);
        for (var turn = 0; turn < 3; turn++)
        {
            Assert.That(gateway.Get("/busy", Agree).Status, Is.EqualTo(503));
        }

        LimitScenarios.IsProblem(gateway.Get("/busy", Agree), 503, "circuit_open");
        Assert.That(busy.Requests, Has.Count.EqualTo(3));

        var (bad, good) = (gateway.Upstreams["both"].View.All[0].Endpoint, gateway.Upstreams["both"].View.All[1].Endpoint);
        for (var turn = 0; turn < 6; turn++)
        {
            gateway.Get("/both", Agree);
        }

        Assert.That(() => bad.Health.IsEjected, Is.True.After(Loopback.TimeoutMs, 5));
        await gateway.Upstreams["both"].SettleAsync();
        var before = good.Load.Answered;
        using (var client = gateway.Connect())
        {
            Assert.That(client.Get("/both", Agree).ReadResponse().Status, Is.EqualTo(101));
            Assert.That(client.Send("ping").ReadBytes(4), Is.EqualTo("ping"u8.ToArray()));
            Assert.That(good.Load.Answered, Is.EqualTo(before + 1), "it was answered, and goes on");
            Assert.That(good.Load.Active, Is.Positive);
        }

        gateway.Settle();
        Assert.That(good.Health.IsEjected, Is.False);
    }

    private static void Echo(HttpWire wire, HttpMessage request)
    {
        wire.Send(WebSocketAnswer.To(request));
        wire.Send(wire.ReadBytes(4));
        wire.HasEnded();
        throw new OperationCanceledException();
    }

    private static Task<BareGateway> StartAsync(Socket listener, TimeProvider? time = null) =>
        BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"], health: {{passive: off}}}}}}", access: LogDestination.File, time: time);

    private static HttpWire Agreement(HttpWire client, Socket listener)
    {
        client.Get("/", Agree);
        var peer = new HttpWire(listener.Accept());
        peer.Socket.ReceiveTimeout = Loopback.TimeoutMs;
        peer.ReadRequest();
        peer.Send(Agreed);
        Assert.That(client.ReadResponse().Status, Is.EqualTo(101));
        return peer;
    }

    private static async Task<JsonElement> LineAsync(BareGateway gateway)
    {
        await Assert.ThatAsync(() => Task.FromResult(File.ReadAllLines(gateway.AccessPath).Length), Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
        return JsonDocument.Parse(File.ReadAllLines(gateway.AccessPath)[0]).RootElement;
    }
}

using LoadBalancer.Limits;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>More requests than an upstream takes at once: who waits, who is refused, and that nothing is held afterwards.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class OverloadScenarios(Carrier carrier) : IOverCarriers
{
    private const string Routes = "{routes: [{path: /low, upstream: up, shed: low}, {path: /high, upstream: up, shed: high}, {upstream: up}]}";
    private const string Agree = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    private readonly SemaphoreSlim _go = new(0);
    private HttpEndpoint _endpoint = null!;

    public Carrier Carrier => carrier;

    [SetUp]
    public void Listen() => _endpoint = new HttpEndpoint((wire, request) =>
    {
        if (request["Upgrade"] is not null)
        {
            wire.Send(WebSocketAnswer.To(request));
            return;
        }

        if (request["X-Lasts"] is { } type)
        {
            wire.Send($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nTransfer-Encoding: chunked\r\n\r\n");
            return;
        }

        _go.Wait(Loopback.TimeoutMs);
        wire.Respond("ok");
    });

    [TearDown]
    public void Close() => _endpoint.Dispose();

    [OneTimeTearDown]
    public void Forget() => _go.Dispose();

    [Test]
    public async Task The_important_goes_first_and_what_is_low_is_503_overloaded_with_a_time_to_come_again()
    {
        await using var gateway = await Gateway("concurrency: 1, max_pending: 2, pending_timeout: 10s");
        using (HttpWire first = gateway.Connect(), low = gateway.Connect(), normal = gateway.Connect(), high = gateway.Connect())
        {
            first.Get("/first");
            Assert.That(() => _endpoint.Requests.Count, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
            low.Get("/low");
            Waiting(gateway, 1);
            normal.Get("/normal");
            Waiting(gateway, 2);
            high.Get("/high");
            var refused = low.ReadResponse();
            Assert.That(refused.Status, Is.EqualTo(503));
            Assert.That(refused.Text, Does.Contain("\"code\":\"overloaded\""));
            Assert.That(int.Parse(refused["Retry-After"]!, System.Globalization.CultureInfo.InvariantCulture), Is.InRange(1, 3));
            Assert.That((gateway.Upstreams["up"].Pending.Shed(Importance.Low), gateway.Upstreams["up"].Gate!.UnderWay), Is.EqualTo((1L, 1)));

            _go.Release(3);
            Assert.That(new[] { first, high, normal }.Select(client => client.ReadResponse().Status), Is.All.EqualTo(200));
            Assert.That(_endpoint.Requests.Select(request => request.FirstLine.Split(' ')[1]), Is.EqualTo(new[] { "/first", "/high", "/normal" }));
            _go.Release();
            Assert.That(low.Get("/low").ReadResponse().Status, Is.EqualTo(200), "a refusal costs no connection");
        }

        Settle(gateway);
    }

    [Test]
    public async Task A_call_of_gRPC_that_is_refused_is_UNAVAILABLE()
    {
        await using var gateway = await Gateway("concurrency: 1, max_pending: 0");
        using (HttpWire first = gateway.Connect(), call = gateway.Connect())
        {
            first.Get("/first");
            Assert.That(() => _endpoint.Requests.Count, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
            var refused = call.Get("/call", "Content-Type: application/grpc\r\n").ReadResponse();
            Assert.That((refused.Status, refused["grpc-status"]), Is.EqualTo((200, "14")));
            Assert.That(refused["grpc-message"], Does.StartWith("overloaded"));
            _go.Release();
            first.ReadResponse();
        }

        Settle(gateway);
    }

    [Test]
    public async Task Whoever_waits_and_leaves_gives_its_place_up_and_one_that_fails_leaves_the_gate()
    {
        await using var gateway = await Gateway("concurrency: 1, pending_timeout: 10s, timeouts: {first_byte: 500ms}");
        using (HttpWire first = gateway.Connect(), last = gateway.Connect())
        {
            first.Get("/first");
            Assert.That(() => _endpoint.Requests.Count, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
            using (var leaver = gateway.Connect())
            {
                leaver.Get("/low");
                Waiting(gateway, 1);
            }

            Waiting(gateway, 0);
            last.Get("/last");
            Assert.That(first.ReadResponse().Status, Is.EqualTo(504));
            _go.Release(3);
            Assert.That(last.ReadResponse().Status, Is.EqualTo(200));
        }

        Settle(gateway);
    }

    [Test]
    public async Task A_WebSocket_takes_no_place_once_it_is_agreed_on()
    {
        await using var gateway = await Gateway("concurrency: 1, max_pending: 0");
        using (HttpWire socket = gateway.Connect(), client = gateway.Connect())
        {
            Assert.That(socket.Get("/socket", Agree).ReadHead().Status, Is.AnyOf(101, 200));
            _go.Release();
            Assert.That(client.Get("/").ReadResponse().Status, Is.EqualTo(200));
        }

        Settle(gateway);
    }

    [TestCase("text/event-stream")]
    [TestCase("application/grpc")]
    public async Task What_may_last_takes_no_place_once_its_answer_begins(string type)
    {
        await using var gateway = await Gateway("concurrency: 1, max_pending: 0");
        using (HttpWire stream = gateway.Connect(), client = gateway.Connect())
        {
            Assert.That(stream.Get("/stream", $"X-Lasts: {type}\r\n").ReadHead().Status, Is.EqualTo(200));
            _go.Release();
            Assert.That(client.Get("/").ReadResponse().Status, Is.EqualTo(200));
        }

        Settle(gateway);
    }

    [Test]
    public async Task What_auto_goes_by_is_the_time_from_a_request_to_its_answer()
    {
        var time = new ManualTime();
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            time.Advance(TimeSpan.FromMilliseconds(20));
            wire.Respond("ok");
        });
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{{HttpGateway.Upstream("up", ", concurrency: auto, health: {passive: off}", endpoint)}}}", time: time);
        var gate = gateway.Upstreams["up"].Gate!;
        Assert.That((gate.Base, gate.Limit), Is.EqualTo((TimeSpan.Zero, ConcurrencyLimit.Start)));
        using (var client = gateway.Connect())
        {
            for (var request = 0; request < 300; request++)
            {
                // The time between two requests is none of the endpoint's.
                time.Advance(TimeSpan.FromMilliseconds(50));
                Assert.That(client.Get("/").ReadResponse().Status, Is.EqualTo(200));
            }
        }

        Settle(gateway);
        Assert.That(gate.Base.TotalMilliseconds, Is.EqualTo(20).Within(2));
    }

    [Test]
    public async Task With_auto_an_endpoint_that_fails_is_given_less()
    {
        var time = new ManualTime();
        var isDown = false;
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            time.Advance(TimeSpan.FromMilliseconds(20));
            wire.Respond("ok", status: Volatile.Read(ref isDown) ? "503 Service Unavailable" : "200 OK");
        });
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{{HttpGateway.Upstream("up", ", concurrency: auto, health: {passive: off}", endpoint)}}}", time: time);
        var gate = gateway.Upstreams["up"].Gate!;
        using (var client = gateway.Connect())
        {
            void Ask() => Enumerable.Range(0, 200).ToList().ForEach(_ => client.Get("/").ReadResponse());
            Ask();
            var before = gate.Limit;
            Volatile.Write(ref isDown, true);
            Ask();
            Assert.That(gate.Limit, Is.LessThan(before));
        }

        Settle(gateway);
    }

    [Test]
    public async Task A_full_gate_does_not_hide_that_the_circuit_is_open()
    {
        using var go = new ManualResetEventSlim();
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            if (request.FirstLine.Contains("/hangs", StringComparison.Ordinal))
            {
                go.Wait(Loopback.TimeoutMs);
            }

            wire.Respond("its own", status: "503 Service Unavailable");
        });
        string Up(int concurrency) => $"{{{HttpGateway.Upstream("up", $", concurrency: {concurrency}, pending_timeout: 10m, circuit_breaker: {{minimum: 1, failure_ratio: 1%, open_for: 30m}}, health: {{passive: off}}", endpoint)}}}";
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", Up(2));
        using (HttpWire hangs = gateway.Connect(), client = gateway.Connect())
        {
            hangs.Get("/hangs");
            Assert.That(() => endpoint.Requests.Count, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
            Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("its own"));
            await gateway.ReloadAsync("{upstream: up}", Up(1));
            var refused = client.Get("/").ReadResponse();
            Assert.That((refused.Status, refused.Text.Contains("\"code\":\"circuit_open\"", StringComparison.Ordinal)), Is.EqualTo((503, true)));
            Assert.That(int.Parse(refused["Retry-After"]!, System.Globalization.CultureInfo.InvariantCulture), Is.EqualTo(1800).Within(100));
            Assert.That(gateway.Upstreams["up"].Circuit!.Refused, Is.EqualTo(1));
            go.Set();
            hangs.ReadResponse();
        }

        Settle(gateway);
    }

    [Test]
    public async Task A_copy_for_a_mirror_gives_way_to_every_request()
    {
        using var other = new HttpEndpoint("other");
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{path: /copied, upstream: other, mirror: up}, {upstream: up}]}",
            $"{{{HttpGateway.Upstream("up", ", concurrency: 1, max_pending: 1, pending_timeout: 10s, health: {passive: off}", _endpoint)}, {HttpGateway.Upstream("other", "", other)}}}");
        using (HttpWire first = gateway.Connect(), client = gateway.Connect())
        {
            first.Get("/first");
            Assert.That(() => _endpoint.Requests.Count, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
            Assert.That(client.Get("/copied").ReadResponse().Text, Is.EqualTo("other"));
            Waiting(gateway, 1);
            client.Get("/second");
            Assert.That(() => gateway.Upstreams["up"].Pending.Shed(Importance.Low), Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
            _go.Release(2);
            Assert.That((first.ReadResponse().Status, client.ReadResponse().Status), Is.EqualTo((200, 200)));
        }

        Settle(gateway);
        Assert.That(_endpoint.Requests.Select(request => request.FirstLine.Split(' ')[1]), Is.EqualTo(new[] { "/first", "/second" }));
    }

    [Test]
    public async Task Requests_at_once_to_an_endpoint_are_bounded_whatever_their_connections()
    {
        await using var gateway = await Gateway("max_requests: 1, pending_timeout: 10s");
        using (HttpWire first = gateway.Connect(), low = gateway.Connect(), high = gateway.Connect())
        {
            first.Get("/first");
            Assert.That(() => _endpoint.Requests.Count, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
            low.Get("/low");
            Waiting(gateway, 1);
            high.Get("/high");
            Waiting(gateway, 2);
            _go.Release(3);
            Assert.That(new[] { first, low, high }.Select(client => client.ReadResponse().Status), Is.All.EqualTo(200));
            Assert.That(_endpoint.Requests.Select(request => request.FirstLine.Split(' ')[1]), Is.EqualTo(new[] { "/first", "/high", "/low" }));
        }

        Settle(gateway);
    }

    private static void Waiting(BareGateway gateway, int count) =>
        Assert.That(() => gateway.Upstreams["up"].Pending.Count, Is.EqualTo(count).After(Loopback.TimeoutMs, 1));

    private static void Settle(BareGateway gateway)
    {
        gateway.Settle();
        Assert.That((gateway.Upstreams["up"].Pending.Count, gateway.Upstreams["up"].Gate?.UnderWay ?? 0), Is.EqualTo((0, 0)));
    }

    private Task<BareGateway> Gateway(string keys) =>
        BareGateway.StartAsync(Routes, $"{{{HttpGateway.Upstream("up", $", {keys}, health: {{passive: off}}", _endpoint)}}}");
}

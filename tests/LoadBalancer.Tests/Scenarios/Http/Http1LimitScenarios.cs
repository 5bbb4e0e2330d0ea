using System.Net.Sockets;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>Bounds as a connection of HTTP/1.1 has them, which ends with a request that breaks one; those of HTTP/2 are in Http2Scenarios.</summary>
internal sealed class Http1LimitScenarios
{
    private const string Agree = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    private const string Agreed = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

    private HttpEndpoint _endpoint = null!;

    [SetUp]
    public void Listen() => _endpoint = new HttpEndpoint("ok");

    [TearDown]
    public void Close() => _endpoint.Dispose();

    [Test]
    public async Task A_slow_head_is_408_and_nothing_at_all_is_closed_without_a_word()
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint, http: ", timeouts: {head: 200ms, idle: 400ms}");
        using (var slow = gateway.Connect())
        {
            slow.Send("GET / HTTP/1.1\r\nHo");
            LimitScenarios.IsProblem(slow.ReadResponse(), 408, "head_timeout");
            Assert.That(slow.HasEnded(), Is.True);
        }

        using (var silent = gateway.Connect())
        {
            Assert.That(silent.HasEnded(), Is.True, "no request was begun, so none is answered");
        }

        using (var idle = gateway.Connect())
        {
            Assert.That(idle.Get("/").ReadResponse().Status, Is.EqualTo(200));
            Assert.That(idle.HasEnded(), Is.True);
        }

        gateway.Settle();
    }

    [Test]
    public async Task The_first_request_has_to_begin_within_the_time_of_a_head_and_a_later_one_within_the_idle_time()
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint, http: ", timeouts: {head: 100ms, idle: 1h}");
        using var silent = gateway.Connect();
        Assert.That(silent.HasEnded(), Is.True);
        gateway.Settle();
    }

    [Test]
    public async Task S21_a_head_over_its_bounds_is_431_and_a_target_414()
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint, http: ", limits: {head: 2KiB, fields: 10, target: 100B}");
        LimitScenarios.IsProblem(gateway.Get("/" + new string('x', 100)), 414, "target_too_long");
        LimitScenarios.IsProblem(gateway.Get("/", $"X: {new string('x', 3000)}\r\n"), 431, "head_too_large");
        LimitScenarios.IsProblem(gateway.Get("/", string.Concat(Enumerable.Repeat("X: 1\r\n", 10))), 431, "too_many_fields");
        Assert.That(gateway.Get("/", string.Concat(Enumerable.Repeat("X: 1\r\n", 9))).Status, Is.EqualTo(200));
        using (var endless = gateway.Connect())
        {
            // Nothing is kept of a head without an end, and no line of it either.
            LimitScenarios.IsProblem(endless.Send("GET /" + new string('x', 100_000)).ReadResponse(), 414, "target_too_long");
        }

        Assert.That(_endpoint.Requests, Has.Count.EqualTo(1));
        gateway.Settle();
    }

    [Test]
    public async Task A_silent_stream_ends_after_its_own_time_whatever_its_client_does()
    {
        using var over = new ManualResetEventSlim();
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            wire.Send(request["Upgrade"] is null ? "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" : Agreed);
            over.Wait(Loopback.TimeoutMs);
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, ", timeouts: {stream_idle: 200ms}, health: {passive: off}");
        using (var events = gateway.Connect())
        {
            Assert.That(events.Get("/").ReadHead().Status, Is.EqualTo(200));
            Assert.That(() => events.ReadBytes(1), Throws.InstanceOf<EndOfStreamException>().Or.InstanceOf<SocketException>());
        }

        using var chat = gateway.Connect();
        Assert.That(chat.Get("/", Agree).ReadResponse().Status, Is.EqualTo(101));

        // The client is still there and does nothing.
        gateway.Settle();
        over.Set();
    }

    [Test]
    public async Task A_websocket_with_a_client_that_does_not_read_ends_after_its_time()
    {
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            wire.Send(Agreed);
            while (true)
            {
                wire.Send(new byte[100_000]);
            }
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, ", timeouts: {stream_idle: 300ms}, health: {passive: off}");
        using var chat = gateway.Connect();
        Assert.That(chat.Get("/", Agree).ReadResponse().Status, Is.EqualTo(101));
        gateway.Settle();
    }

    [Test]
    public async Task D2_a_client_that_does_not_read_loses_its_response_and_holds_no_endpoint()
    {
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
            for (var at = 0; at < 1000; at++)
            {
                wire.Send(new byte[100_000]);
            }
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, http: ", timeouts: {body: 300ms}");
        using var client = gateway.Connect();
        client.Get("/");
        Assert.That(() => endpoint.Requests.Count, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
        gateway.Settle();
        Assert.That(gateway.Upstreams["up"].View.Available, Has.Length.EqualTo(1), "no fault of the endpoint");
    }

    [Test]
    public async Task D2_the_time_of_a_route_is_over_for_a_client_that_does_not_read_as_well()
    {
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
            for (var at = 0; at < 1000; at++)
            {
                wire.Send(new byte[100_000]);
            }
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, http: ", timeouts: {body: 10m}, defaults: {timeout: 300ms}");
        using var client = gateway.Connect();
        client.Get("/");
        Assert.That(() => endpoint.Requests.Count, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
        gateway.Settle();
        Assert.That(() => client.ReadResponse(), Throws.InstanceOf<EndOfStreamException>().Or.InstanceOf<IOException>().Or.InstanceOf<SocketException>(), "it is not taken for whole");
        Assert.That(gateway.Upstreams["up"].View.Available, Has.Length.EqualTo(1), "no fault of the endpoint");
    }

    [TestCase("GET / HTTP/1.1\r\nHost: test\r\nX: ", null)]
    [TestCase("GET / HTTP/1.1\r\nHost: test\r\n\r\n", "HTTP/1.1 200 OK\r\nX: ")]
    [TestCase("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: ", null)]
    [TestCase("GET / HTTP/1.1\r\nHost: test\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ")]
    public async Task What_waits_for_its_rest_waits_in_little_memory(string request, string? response)
    {
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"], health: {{passive: off}}}}}}");
        using (var client = gateway.Connect())
        {
            client.Send(request);
            using var peer = response is null ? null : new HttpWire(listener.Accept());
            peer?.ReadHead();
            peer?.Send(response!);
            Assert.That(() => gateway.LookAsync().Result is var inside ? (inside.Small, inside.Rented) : default, Is.EqualTo((1, 0)).After(Loopback.TimeoutMs, 1), "small buffers, and others");
        }

        gateway.Settle();
    }

    [Test]
    public async Task An_empty_line_behind_a_body_begins_no_request()
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint, http: ", timeouts: {head: 200ms, idle: 1s}");
        using (var client = gateway.Connect())
        {
            Assert.That(client.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello\r\n").ReadResponse().Status, Is.EqualTo(200));
            Assert.That(client.Socket.Poll(500_000, SelectMode.SelectRead), Is.False, "it is idle, and no slow head");
            Assert.That(client.Get("/").ReadResponse().Status, Is.EqualTo(200));
            Assert.That(client.Send("\r\n").HasEnded(), Is.True, "and closed without a word");
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_routes_time_begins_with_the_first_byte_of_a_head_and_not_with_the_connection()
    {
        await using var gateway = await BareGateway.StartAsync("{routes: [{path: \"/*\", upstream: up, timeout: 400ms}]}", $"{{{HttpGateway.Upstream("up", "", _endpoint)}}}");
        using (var client = gateway.Connect())
        {
            Wait(client);
            Assert.That(client.Get("/").ReadResponse().Status, Is.EqualTo(200), "silence before the first request");
            Wait(client);
            Assert.That(client.Get("/").ReadResponse().Status, Is.EqualTo(200), "and before a later one");
            client.Send("GET / HTTP/1.1\r\nHo");
            Assert.That(async () => (await gateway.LookAsync()).Small, Is.EqualTo(1).After(Loopback.TimeoutMs, 1), "its beginning was read");
            Wait(client);
            LimitScenarios.IsProblem(client.Send("st: test\r\n\r\n").ReadResponse(), 504, "exchange_timeout");
            Assert.That(client.Get("/").ReadResponse().Status, Is.EqualTo(200), "on the same connection");
        }

        Assert.That(_endpoint.Requests, Has.Count.EqualTo(3), "what has no time left is not sent");
        gateway.Settle();

        static void Wait(HttpWire client) => Assert.That(client.Socket.Poll(700_000, SelectMode.SelectRead), Is.False);
    }
}

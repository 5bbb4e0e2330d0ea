using System.Net.Sockets;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>How large requests may be, and how slow clients and endpoints: what each bound answers, and that nothing is held afterwards.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class LimitScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    private const string Agree = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    private HttpEndpoint _endpoint = null!;

    [SetUp]
    public void Listen() => _endpoint = new HttpEndpoint("ok");

    [TearDown]
    public void Close() => _endpoint.Dispose();

    [Test]
    public async Task A_body_that_falls_silent_is_408([Values("Content-Length: 100", "Transfer-Encoding: chunked")] string framing)
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint, http: ", timeouts: {body: 200ms}");
        using (var slow = gateway.Connect())
        {
            slow.Send($"POST / HTTP/1.1\r\nHost: test\r\n{framing}\r\n\r\n5\r\nhello");
            IsProblem(slow.ReadResponse(), 408, "body_timeout");
            Assert.That(carrier == Carrier.Http2 || slow.HasEnded(), Is.True);
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_body_below_its_rate_is_408_though_it_never_falls_silent()
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint, http: ", limits: {body_rate: 1MiB/s}");
        using (var slow = gateway.Connect())
        {
            // 5 seconds of grace, and 10 ms for each piece.
            slow.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n");
            while (!slow.Socket.Poll(20_000, SelectMode.SelectRead))
            {
                slow.Send(new byte[100]);
            }

            IsProblem(slow.ReadResponse(), 408, "body_timeout");
        }

        gateway.Settle();
    }

    [Test]
    public async Task An_endpoint_that_takes_its_time_after_the_body_is_no_slow_client()
    {
        using var go = new ManualResetEventSlim();
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            go.Wait(600);
            wire.Respond("ok");
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, http: ", timeouts: {body: 200ms}");
        using (var client = gateway.Connect())
        {
            // The body comes by itself, so that lb has to wait for it.
            client.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n");
            Assert.That(() => endpoint.Connections, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
            client.Send("hello");
            Assert.That(client.ReadResponse().Status, Is.EqualTo(200));
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_client_that_takes_its_time_with_the_body_is_no_slow_endpoint([Values] bool expects)
    {
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"], timeouts: {{first_byte: 200ms, between_bytes: 200ms}}}}}}");
        using (var client = gateway.Connect())
        {
            client.Send($"POST / HTTP/1.1\r\nHost: test\r\n{(expects ? "Expect: 100-continue\r\n" : "")}Content-Length: 5\r\n\r\n");
            using var peer = new HttpWire(listener.Accept());
            peer.ReadHead();
            if (expects)
            {
                peer.Send("HTTP/1.1 100 Continue\r\n\r\n");
                Assert.That(client.ReadResponse().Status, Is.EqualTo(100));
            }

            Assert.That(client.Socket.Poll(500_000, SelectMode.SelectRead), Is.False, "nothing comes while it takes its time");
            client.Send("hello");
            peer.ReadBytes(5);
            peer.Respond("ok");
            Assert.That(client.ReadResponse().Text, Is.EqualTo("ok"));
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_client_that_waits_for_100_is_not_slow()
    {
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync("{upstream: up, timeouts: {body: 200ms}}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}");
        using (var client = gateway.Connect())
        {
            client.Send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
            using var peer = new HttpWire(listener.Accept());
            peer.ReadHead();
            Assert.That(client.Socket.Poll(500_000, SelectMode.SelectRead), Is.False, "it waits for the endpoint");
            peer.Send("HTTP/1.1 100 Continue\r\n\r\n");
            Assert.That(client.ReadResponse().Status, Is.EqualTo(100));
            IsProblem(client.ReadResponse(), 408, "body_timeout");
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_body_over_its_bound_is_413_of_the_listener_and_of_the_route()
    {
        await using var gateway = await BareGateway.StartAsync(
            "{limits: {body: 1000B}, routes: [{path: /small, upstream: up, limits: {body: 10B}}, {path: /, upstream: up}, {path: /large, upstream: up, limits: {body: 2000B}}]}",
            $"{{{HttpGateway.Upstream("up", "", _endpoint)}}}");
        foreach (var (path, bound) in new[] { ("/small", 10), ("/", 1000), ("/large", 2000) })
        {
            foreach (var length in new[] { bound, bound + 1 })
            {
                var body = new string('x', length);
                foreach (var request in new[] { $"Content-Length: {length}\r\n\r\n{body}", $"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n{length - 1:x}\r\n{body[1..]}\r\n0\r\n\r\n" })
                {
                    using var client = gateway.Connect();
                    var response = client.Send($"POST {path} HTTP/1.1\r\nHost: test\r\n{request}").ReadResponse();
                    if (length == bound)
                    {
                        Assert.That(response.Status, Is.EqualTo(200), $"{path} {length} {request[..20]}");
                    }
                    else
                    {
                        IsProblem(response, 413, "body_too_large");
                    }
                }
            }
        }

        Assert.That(_endpoint.Requests.Select(request => request.Body.Length), Is.EqualTo(new[] { 10, 10, 1000, 1000, 2000, 2000 }), "no endpoint saw a whole request that is refused");
        gateway.Settle();
    }

    [Test]
    public async Task Trap_22_an_endpoint_that_dribbles_its_head_is_504()
    {
        using var over = new ManualResetEventSlim();
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            foreach (var letter in "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Long: " + new string('x', 10_000))
            {
                wire.Send(letter.ToString());
                over.Wait(20);
            }
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, ", timeouts: {first_byte: 300ms, between_bytes: 300ms}, health: {passive: off}");
        using (var client = gateway.Connect())
        {
            IsProblem(client.Get("/").ReadResponse(), 504, "between_bytes_timeout");
        }

        over.Set();
        gateway.Settle();
    }

    [Test]
    public async Task An_endpoint_without_an_answer_is_504_and_one_that_falls_silent_breaks_the_response_off()
    {
        using var over = new ManualResetEventSlim();
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            if (request.FirstLine.Contains("/begun", StringComparison.Ordinal))
            {
                wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
            }

            over.Wait(Loopback.TimeoutMs);
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, ", timeouts: {first_byte: 200ms, between_bytes: 200ms}, health: {passive: off}");
        using (var client = gateway.Connect())
        {
            IsProblem(client.Get("/none").ReadResponse(), 504, "first_byte_timeout");
            client.Get("/begun");
            Assert.That(client.ReadHead().Status, Is.EqualTo(200), "and the connection goes on after the refusal");
            Assert.That(client.ReadBytes(5), Is.EqualTo("hello"u8.ToArray()));
            Assert.That(() => client.ReadBytes(1), Throws.InstanceOf<EndOfStreamException>().Or.InstanceOf<SocketException>());
        }

        over.Set();
        gateway.Settle();
    }

    [Test]
    public async Task A_connect_without_an_answer_is_504()
    {
        using var full = new FullBacklog();
        await using var gateway = await BareGateway.StartAsync(
            "{upstream: up}", $"{{up: {{endpoints: [\"{full.Address}\"], timeouts: {{connect: 200ms}}, health: {{passive: off}}}}}}");
        IsProblem(gateway.Get("/"), 504, "connect_timeout");
        gateway.Settle();
    }

    [Test]
    public async Task A_route_has_its_time_for_the_whole_exchange_and_no_stream_has()
    {
        using var over = new ManualResetEventSlim();
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            switch (request.FirstLine.Split(' ')[1])
            {
                case "/silent":
                    over.Wait(Loopback.TimeoutMs);
                    break;
                case "/dribbles":
                    wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
                    while (!over.Wait(20))
                    {
                        wire.Send("x");
                    }

                    break;
                case "/events":
                    wire.Send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\n");
                    over.Wait(700);
                    wire.Send("data: x\n\n");
                    break;
                case "/chat":
                    wire.Send(WebSocketAnswer.To(request));
                    over.Wait(700);
                    wire.Send("late");
                    throw new OperationCanceledException();
                default:
                    wire.Respond("ok");
                    break;
            }
        });
        await using var gateway = await BareGateway.StartAsync("{routes: [{path: \"/*\", upstream: up, timeout: 300ms}]}", $"{{{HttpGateway.Upstream("up", ", health: {passive: off}", endpoint)}}}");
        using (var client = gateway.Connect())
        {
            IsProblem(client.Get("/silent").ReadResponse(), 504, "exchange_timeout");
            Assert.That(client.Get("/quick").ReadResponse().Text, Is.EqualTo("ok"), "the client's connection has no part in it");
            Assert.That(client.Get("/events").ReadResponse().Text, Is.EqualTo("data: x\n\n"));
            client.Get("/dribbles");
            Assert.That(client.ReadHead().Status, Is.EqualTo(200));
            Assert.That(() => client.ReadBytes(1000), Throws.InstanceOf<EndOfStreamException>().Or.InstanceOf<SocketException>());
        }

        using (var chat = gateway.Connect())
        {
            Assert.That(chat.Get("/chat", Agree).ReadResponse().Status, Is.EqualTo(101));
            Assert.That(chat.ReadBytes(4), Is.EqualTo("late"u8.ToArray()));
        }

        over.Set();
        gateway.Settle();
    }

    [Test]
    public async Task Connections_that_no_request_uses_are_closed_after_their_time()
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint, ", timeouts: {pool_idle: 300ms}");
        using (var client = gateway.Connect())
        {
            client.Get("/").ReadResponse();
            client.Get("/").ReadResponse();
            Assert.That(_endpoint.Connections, Is.EqualTo(1));
        }

        gateway.SettleAll();
        Assert.That(() => _endpoint.Open, Is.Zero.After(Loopback.TimeoutMs, 5));
    }

    [Test]
    public async Task Requests_wait_for_room_and_more_than_may_wait_are_503_at_once()
    {
        using var go = new SemaphoreSlim(0);
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            go.Wait(Loopback.TimeoutMs);
            wire.Respond("ok");
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, ", max_connections: 1, max_pending: 1, pending_timeout: 10s, health: {passive: off}");
        using (HttpWire first = gateway.Connect(), second = gateway.Connect(), third = gateway.Connect())
        {
            first.Get("/");
            Assert.That(() => endpoint.Requests.Count, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
            second.Get("/");
            Assert.That(() => gateway.Upstreams["up"].Pending.Count, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
            var refused = third.Get("/").ReadResponse();
            IsProblem(refused, 503, "pending_overflow");
            Assert.That(refused["Retry-After"], Is.EqualTo("1"));
            go.Release(2);
            Assert.That(first.ReadResponse().Status, Is.EqualTo(200));
            Assert.That(second.ReadResponse().Status, Is.EqualTo(200));
            Assert.That(third.Get("/").Socket.Connected, Is.True);
            go.Release();
            Assert.That(third.ReadResponse().Status, Is.EqualTo(200), "a refusal for lack of room costs no connection");
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_wait_for_room_that_lasts_too_long_is_503_and_one_whose_client_leaves_gives_its_place_up()
    {
        using var go = new SemaphoreSlim(0);
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            go.Wait(Loopback.TimeoutMs);
            wire.Respond("ok");
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, ", max_connections: 1, pending_timeout: 300ms, health: {passive: off}");
        using (HttpWire first = gateway.Connect(), second = gateway.Connect())
        {
            first.Get("/");
            Assert.That(() => endpoint.Requests.Count, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
            IsProblem(second.Get("/").ReadResponse(), 503, "pending_timeout");
            using (var leaver = gateway.Connect())
            {
                leaver.Get("/");
                Assert.That(() => gateway.Upstreams["up"].Pending.Count, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
            }

            Assert.That(() => gateway.Upstreams["up"].Pending.Count, Is.Zero.After(Loopback.TimeoutMs, 1));
            go.Release();
            Assert.That(first.ReadResponse().Status, Is.EqualTo(200));
        }

        gateway.Settle();
    }

    [Test]
    public async Task D2_a_client_that_asks_on_and_on_and_never_reads_ends_too()
    {
        await using var gateway = await BareGateway.StartAsync("{timeouts: {body: 300ms}, routes: [{path: /, respond: {status: 200, body: \"hello\"}}]}", "{}");
        using var client = gateway.Connect();
        var requests = System.Text.Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("GET / HTTP/1.1\r\nHost: test\r\n\r\n", 1000)));
        try
        {
            for (var at = 0; at < 100_000; at++)
            {
                client.Send(requests);
            }

            Assert.Fail("it takes requests without an end");
        }
        catch (SocketException)
        {
            // Reset.
        }

        gateway.Settle();
    }

    /// <summary>A refusal of lb's own says why, and never anything of the inside.</summary>
    internal static void IsProblem(HttpMessage response, int status, string code)
    {
        Assert.Multiple(() =>
        {
            Assert.That((response.Status, response["Content-Type"]), Is.EqualTo((status, "application/problem+json")), response.Text);
            Assert.That(response.Text, Does.Contain($"\"code\":\"{code}\"").And.Contain("\"request_id\":\"").And.Not.Contain("127.0.0.1"));
        });
    }
}

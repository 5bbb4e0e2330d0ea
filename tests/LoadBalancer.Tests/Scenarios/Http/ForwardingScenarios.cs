using System.Net.Sockets;
using System.Text;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>Requests and responses through the daemon, seen byte by byte at both ends.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class ForwardingScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    private const int ManyBytes = 3_000_000;

    [Test]
    public async Task Connections_of_both_sides_are_used_again()
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        for (var at = 0; at < 20; at++)
        {
            Assert.That(client.Get($"/{at}").ReadResponse().Text, Is.EqualTo("ok"));
        }

        Assert.That((endpoint.Requests.Count, endpoint.Connections), Is.EqualTo((20, 1)));
    }

    [Test]
    public async Task Bodies_of_a_length_come_through_whole([Values(0, 10, 20_000, ManyBytes)] int length)
    {
        var bytes = Loopback.Pattern(length);
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            wire.Send($"HTTP/1.1 200 OK\r\nContent-Length: {request.Body.Length}\r\n\r\n");
            wire.Send(request.Body);
        });
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        for (var at = 0; at < 2; at++)
        {
            client.Send($"POST /up HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n");
            client.Send(bytes);
            Assert.That(client.ReadResponse().Body.AsSpan().SequenceEqual(bytes), Is.True);
        }

        Assert.That(endpoint.Connections, Is.EqualTo(1));
    }

    [Test]
    public async Task Chunked_bodies_and_their_trailers_come_through_both_ways()
    {
        using var endpoint = new HttpEndpoint((wire, request) => wire.Send(
            $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n{request.Body.Length:x}\r\n{request.Text}\r\n0\r\nX-Sum: {request.Trailers.Count}\r\n\r\n"));
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        client.Send("POST /up HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nChecksum: 1\r\nX-User: 7\r\nContent-Length: 5\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n");
        var response = client.ReadResponse();
        var request = endpoint.Requests.Single();
        Assert.Multiple(() =>
        {
            Assert.That(request.Text, Is.EqualTo("hello world"));
            Assert.That(request["Transfer-Encoding"], Is.EqualTo("chunked"));
            Assert.That(request.Trailers, Is.EqualTo(new[] { carrier == Carrier.Http1 ? "Checksum: 1" : "checksum: 1" }), "S11: no trailer frames, routes or tells who the client is");
            Assert.That((response.Text, response.Trailers.Single().ToUpperInvariant()), Is.EqualTo(("hello world", "X-SUM: 1")));
        });
        Assert.That(client.Get("/again").ReadResponse().Status, Is.EqualTo(200), "the connection goes on behind the trailers");
    }

    [Test]
    public async Task A_body_that_ends_with_the_connection_is_chunked_for_the_client()
    {
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            wire.Send("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end");
            throw new OperationCanceledException();
        });
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        var response = client.Get("/").ReadResponse();
        Assert.That((response.Text, response["Transfer-Encoding"]), Is.EqualTo(("until the end", OfHttp1("chunked"))));
        Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("until the end"), "the client's connection goes on");
        Assert.That(endpoint.Connections, Is.EqualTo(2));
    }

    [Test]
    public async Task Head_204_and_304_have_no_body_and_keep_what_they_say_of_one()
    {
        using var endpoint = new HttpEndpoint((wire, request) => wire.Send(request.FirstLine.Split(' ')[1] switch
        {
            "/204" => "HTTP/1.1 204 No Content\r\n\r\n",
            "/304" => "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 77\r\n\r\n",
            _ => "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n",
        }));
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        var head = client.Send("HEAD /x HTTP/1.1\r\nHost: test\r\n\r\n").ReadResponse(toHead: true);
        var none = client.Get("/204").ReadResponse();
        var same = client.Get("/304").ReadResponse();
        Assert.Multiple(() =>
        {
            Assert.That((head.Status, head["Content-Length"]), Is.EqualTo((200, "1234")));
            Assert.That((none.Status, none["Content-Length"], none["Transfer-Encoding"]), Is.EqualTo((204, (string?)null, (string?)null)));
            Assert.That((same.Status, same["Content-Length"], same["ETag"]), Is.EqualTo((304, "77", "\"a\"")));
            Assert.That((endpoint.Requests.Count, endpoint.Connections), Is.EqualTo((3, 1)));
        });
    }

    [Test]
    public async Task Interim_responses_come_through_and_the_body_waits_for_the_endpoints_100()
    {
        using var asked = new ManualResetEventSlim();
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            wire.Send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
            wire.Respond(request.Text);
        });
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        var hints = client.Get("/").ReadResponse();
        Assert.That((hints.Status, hints["Link"]), Is.EqualTo((103, "</a.css>")));
        Assert.That(client.ReadResponse().Status, Is.EqualTo(200));
    }

    [Test]
    public async Task Expect_100_continue_is_answered_by_the_endpoint()
    {
        using var listener = Loopback.Listen();
        await using var gateway = await HttpGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}");
        using var client = gateway.Connect();
        client.Send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        using var endpoint = new HttpWire(listener.Accept());
        endpoint.Socket.ReceiveTimeout = Loopback.TimeoutMs;
        var head = endpoint.ReadHead();
        Assert.That(head["Expect"], Is.EqualTo("100-continue"));
        endpoint.Send("HTTP/1.1 100 Continue\r\n\r\n");
        Assert.That(client.ReadResponse().Status, Is.EqualTo(100));
        client.Send("hello");
        Assert.That(Encoding.ASCII.GetString(endpoint.ReadBytes(5)), Is.EqualTo("hello"));
        endpoint.Respond("done");
        Assert.That(client.ReadResponse().Text, Is.EqualTo("done"));
    }

    [Test]
    public async Task A_refusal_instead_of_100_reaches_the_client_and_the_endpoints_connection_is_not_used_again()
    {
        using var endpoint = new HttpEndpoint("ok");
        using var listener = Loopback.Listen();
        await using var gateway = await HttpGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}");
        using var client = gateway.Connect();
        client.Send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        using var peer = new HttpWire(listener.Accept());
        peer.ReadHead();
        peer.Respond("no", status: "417 Expectation Failed");
        var response = client.ReadResponse();
        Assert.That((response.Status, response["Connection"]), Is.EqualTo((417, OfHttp1("close"))));
        Assert.That(peer.HasEnded(), Is.True);
    }

    [Test]
    public async Task S19_an_endpoint_that_answers_before_the_body_is_read_is_not_asked_again_on_that_connection()
    {
        using var endpoint = new HttpEndpoint((_, _) => throw new InvalidOperationException());
        using var listener = Loopback.Listen();
        await using var gateway = await HttpGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}");
        using var client = gateway.Connect();
        client.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\nbegin");
        using var peer = new HttpWire(listener.Accept());
        peer.ReadHead();
        peer.Respond("too much", status: "413 Content Too Large");
        Assert.That(client.ReadResponse().Status, Is.EqualTo(413));
        client.Dispose();

        using var next = gateway.Connect();
        next.Get("/next");
        using var fresh = new HttpWire(listener.Accept());
        fresh.ReadRequest();
        fresh.Respond("fresh");
        Assert.That(next.ReadResponse().Text, Is.EqualTo("fresh"));
    }

    [Test]
    public async Task An_event_is_sent_on_when_it_comes()
    {
        using var listener = Loopback.Listen();
        await using var gateway = await HttpGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}");
        using var client = gateway.Connect();
        client.Get("/events");
        using var peer = new HttpWire(listener.Accept());
        peer.ReadRequest();
        peer.Send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        Assert.That(client.ReadHead().Status, Is.EqualTo(200));
        for (var at = 0; at < 5; at++)
        {
            // Each is answered for before the next is sent: one that waited for more would wait for ever.
            peer.Send("9\r\ndata: x\n\n\r\n");
            var expected = carrier == Carrier.Http1 ? "9\r\ndata: x\n\n\r\n" : "data: x\n\n";
            Assert.That(Encoding.ASCII.GetString(client.ReadBytes(expected.Length)), Is.EqualTo(expected));
        }
    }

    [Test]
    public async Task A_client_that_goes_away_ends_the_endpoints_work_and_is_no_fault_of_the_endpoint()
    {
        using var listener = Loopback.Listen();
        await using var gateway = await HttpGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}");
        var client = gateway.Connect();
        client.Get("/slow");
        using var peer = new HttpWire(listener.Accept());
        peer.Socket.ReceiveTimeout = Loopback.TimeoutMs;
        peer.ReadRequest();
        client.Dispose();
        Assert.That(peer.IsCutOff(), Is.True, "the endpoint hears of it");
        await gateway.Daemon.UntilAsync(
            status => status.GetProperty("upstreams")[0].GetProperty("endpoints")[0].GetProperty("active_connections").GetInt32() == 0, "the lease is returned");
        var endpoint = (await gateway.StatusAsync()).GetProperty("upstreams")[0].GetProperty("endpoints")[0];
        Assert.That(endpoint.GetProperty("faults").EnumerateObject().Sum(fault => fault.Value.GetInt64()), Is.Zero);
    }

    [Test]
    public async Task An_endpoint_that_dies_within_its_response_ends_the_clients_without_an_end()
    {
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
            throw new OperationCanceledException();
        });
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        client.Get("/");
        Assert.That(client.ReadHead()["Content-Length"], Is.EqualTo("100"));
        Assert.That(() => client.ReadBytes(100), Throws.InstanceOf<EndOfStreamException>().Or.InstanceOf<SocketException>());
    }

    [Test]
    public async Task An_endpoint_that_is_not_there_is_passed_over_and_none_at_all_is_502_with_a_problem()
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var gateway = await HttpGateway.StartAsync(
            "{routes: [{path: \"/some\", upstream: some}, {path: \"/none\", upstream: none}]}",
            $"{{some: {{endpoints: [\"{Loopback.Refusing()}\", \"{endpoint.Address}\"]}}, none: {{endpoints: [\"{Loopback.Refusing()}\"], health: {{passive: off}}}}}}");
        Assert.That(Enumerable.Range(0, 4).Select(_ => gateway.Get("/some").Text), Is.All.EqualTo("ok"));
        var refusal = gateway.Get("/none");
        Assert.Multiple(() =>
        {
            Assert.That((refusal.Status, refusal["Content-Type"]), Is.EqualTo((502, "application/problem+json")));
            Assert.That(refusal.Text, Does.Contain("\"code\":\"connect_refused\"").And.Contain("\"request_id\":\"").And.Not.Contain("127.0.0.1"));
        });
    }

    [Test]
    public async Task A_connection_that_the_endpoint_closes_meanwhile_costs_no_request_that_may_be_sent_again()
    {
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            wire.Respond("ok");
            throw new OperationCanceledException();
        });
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        for (var at = 0; at < 50; at++)
        {
            // Each finds a connection that is closed, or is just being closed.
            Assert.That(client.Get($"/{at}").ReadResponse().Status, Is.EqualTo(200));
        }
    }

    [Test]
    public async Task S18_a_response_that_breaks_the_rules_is_502_and_its_connection_is_not_used_again(
        [Values(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            "HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
            "garbage\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n")]
        string response)
    {
        using var endpoint = new HttpEndpoint((wire, _) => wire.Send(response));
        await using var gateway = await HttpGateway.ToAsync(endpoint, keys: ", health: {passive: off}");
        using var client = gateway.Connect();
        Assert.That(client.Get("/").ReadResponse().Status, Is.EqualTo(502));
        Assert.That(client.Get("/").ReadResponse().Status, Is.EqualTo(502));
        Assert.That(endpoint.Connections, Is.EqualTo(2));
    }

    [Test]
    public async Task Bytes_behind_a_response_are_nobodys_response()
    {
        using var endpoint = new HttpEndpoint((wire, _) => wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"));
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        Assert.That(Enumerable.Range(0, 5).Select(at => client.Get($"/{at}").ReadResponse().Text), Is.All.EqualTo("ok"));
        Assert.That(endpoint.Connections, Is.EqualTo(5));
    }

    [Test]
    public async Task A_flood_of_interim_responses_is_502()
    {
        using var endpoint = new HttpEndpoint((wire, _) => wire.Send(string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1000))));
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        client.Get("/");
        HttpMessage response;
        do
        {
            response = client.ReadResponse();
        }
        while (response.Status < 200);

        Assert.That(response.Status, Is.EqualTo(502));
    }

    [Test]
    public async Task A_websocket_is_passed_on_after_the_endpoint_proved_that_it_understood()
    {
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            wire.Send(WebSocketAnswer.To(request) + "hi");
            wire.Send(wire.ReadBytes(4));
            throw new OperationCanceledException();
        });
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        var agreed = client.Get("/chat", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n").ReadResponse();
        Assert.That((agreed.Status, agreed["Upgrade"]), Is.EqualTo((101, "websocket")));
        Assert.That(Encoding.ASCII.GetString(client.ReadBytes(2)), Is.EqualTo("hi"));
        client.Send("ping");
        Assert.That(Encoding.ASCII.GetString(client.ReadBytes(4)), Is.EqualTo("ping"));
        Assert.That(client.HasEnded(), Is.True, "the end of one side is the end of the other's reading");
    }

    [TestCase("Upgrade: websocket\r\n")]
    [TestCase("Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOp=\r\n")]
    [TestCase("Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Accept: x\r\n")]
    [TestCase("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")]
    [TestCase("Upgrade: h2c\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")]
    public async Task W1_an_endpoint_that_agrees_without_the_proof_is_502(string fields)
    {
        using var endpoint = new HttpEndpoint((wire, _) => wire.Send($"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n{fields}\r\n"));
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        var response = gateway.Get("/chat", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
        Assert.That(response.Status, Is.EqualTo(502));
    }

    [Test]
    public async Task W2_any_other_upgrade_is_left_out()
    {
        using var endpoint = new HttpEndpoint("plain");
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        Assert.That(gateway.Get("/", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n").Text, Is.EqualTo("plain"));
        var request = endpoint.Requests.Single();
        Assert.That((request["Upgrade"], request["HTTP2-Settings"], request["Connection"]), Is.EqualTo(((string?)null, (string?)null, (string?)null)));
    }

    // A field of its connections, which HTTP/2 has not.
    private string? OfHttp1(string value) => carrier == Carrier.Http1 ? value : null;
}

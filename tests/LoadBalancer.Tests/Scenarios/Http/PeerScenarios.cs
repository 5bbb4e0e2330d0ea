using System.Globalization;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>Peers of both sides that lie, dribble, leave early or talk at the same time; after each, everything has come back.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class PeerScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    private const int ManyBytes = 3_000_000;

    [Test]
    public async Task A_response_that_comes_byte_by_byte_is_the_same_response()
    {
        const string Response = "HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n5;x=\"y\"\r\nhello\r\n0a\r\n, world!!!\r\n0\r\nX-T: 2\r\n\r\n";
        var split = 0;
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            // Once: where the first part is all, the client may have it and go on to the next before the second is sent.
            var at = split;
            wire.Send(Response[..at]);

            // Read by lb before the rest comes; in one piece otherwise.
            wire.Socket.Poll(200, SelectMode.SelectError);
            wire.Send(Response[at..]);
        });
        await using (var gateway = await BareGateway.ToAsync(endpoint))
        {
            using (var client = gateway.Connect())
            {
                for (split = 0; split <= Response.Length; split++)
                {
                    var response = client.Get("/").ReadResponse();
                    Assert.That((response.Text, response["X-A"], response.Trailers.Single()), Is.EqualTo(("hello, world!!!", "1", carrier == Carrier.Http1 ? "X-T: 2" : "x-t: 2")), $"split at {split}");
                }
            }

            Assert.That(endpoint.Connections, Is.EqualTo(1));
            gateway.Settle();
        }
    }

    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello")]
    [TestCase("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nX\u0000Y: 1\r\nContent-Length: 0\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n")]
    [TestCase("HTTP/1.1 99 No\r\n\r\n")]
    [TestCase("HTTP/1.1 2000 No\r\n\r\n")]
    [TestCase("HTTP/2 200 OK\r\n\r\n")]
    [TestCase("HTTP/1.1 200 OK\r\nX: ")]
    [TestCase("HTTP/1.1 200")]
    public async Task S18_a_head_that_breaks_the_rules_or_off_is_502(string response)
    {
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            wire.Send(response);
            throw new OperationCanceledException();
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, ", health: {passive: off}");
        using (var client = gateway.Connect())
        {
            Assert.That(client.Get("/").ReadResponse().Status, Is.EqualTo(502));
        }

        gateway.Settle();
    }

    [TestCase("5\r\nhello", 5)]
    [TestCase("5\r\nhello\r\n-1\r\n", 5)]
    [TestCase("5\r\nhello\r\n100000000000000005\r\n", 5)]
    [TestCase("5\r\nhelloX", 5)]
    [TestCase("5\r\nhello\r\n0\r\nX: 1", 5)]
    [TestCase("5\nhello\r\n0\r\n\r\n", 0)]
    [TestCase("5\r\nhello\r\n0\r\nX 1\r\n\r\n", 5)]
    public async Task S18_a_chunked_body_that_breaks_the_rules_or_off_never_seems_whole(string body, int good)
    {
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            wire.Send($"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
            throw new OperationCanceledException();
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, ", health: {passive: off}");
        using (var client = gateway.Connect())
        {
            client.Get("/");
            Assert.That(client.ReadHead().Status, Is.EqualTo(200));
            var received = new StringBuilder();
            try
            {
                while (true)
                {
                    received.Append((char)client.ReadBytes(1)[0]);
                }
            }
            catch (Exception error) when (error is EndOfStreamException or SocketException)
            {
                // Broken off: what is asked is what came before.
            }

            Assert.That(received.ToString(), Does.Not.EndWith("0\r\n\r\n").And.Not.Contain("X"));
            Assert.That(received.ToString().Count(char.IsLetter), Is.EqualTo(good));
        }

        // One of HTTP/1.0 knows by a reset, because for it the end is the end.
        using (var old = new HttpWire(Loopback.Connect(gateway.Address)))
        {
            old.Send("GET / HTTP/1.0\r\nHost: test\r\n\r\n");
            Assert.That(old.Socket.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        }

        gateway.Settle();
    }

    [Test]
    public async Task H18_a_response_with_a_hundred_thousand_fields_or_a_head_without_end_is_502()
    {
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            wire.Send("HTTP/1.1 200 OK\r\n");
            wire.Send(request.FirstLine.Contains("/many", StringComparison.Ordinal) ? string.Concat(Enumerable.Repeat("a: b\r\n", 100_000)) : "X: " + new string('x', 10_000_000));
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, ", health: {passive: off}");
        LimitScenarios.IsProblem(gateway.Get("/many"), 502, "response_head_too_large");
        LimitScenarios.IsProblem(gateway.Get("/long"), 502, "response_head_too_large");
        gateway.Settle();
    }

    [Test]
    public async Task A_body_where_none_may_be_is_nobodys_next_response([Values("HEAD", "204", "304")] string which)
    {
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            var status = request.FirstLine.StartsWith("HEAD", StringComparison.Ordinal) ? "200 OK" : request.FirstLine.Contains("/204", StringComparison.Ordinal) ? "204 No Content"
                : request.FirstLine.Contains("/304", StringComparison.Ordinal) ? "304 Not Modified" : null;
            if (status is null)
            {
                wire.Respond("good");
            }
            else
            {
                wire.Send($"HTTP/1.1 {status}\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
            }
        });
        await using var gateway = await BareGateway.ToAsync(endpoint);
        using (var client = gateway.Connect())
        {
            for (var at = 0; at < 5; at++)
            {
                client.Send($"{(which == "HEAD" ? "HEAD" : "GET")} /{which} HTTP/1.1\r\nHost: test\r\n\r\n");
                Assert.That(client.ReadResponse(toHead: which == "HEAD").Status, Is.EqualTo(which == "HEAD" ? 200 : int.Parse(which, CultureInfo.InvariantCulture)));
                Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("good"));
            }
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_refusal_before_the_body_is_whole_reaches_a_client_that_goes_on_sending([Values] bool chunked, [Values] bool closes)
    {
        using var endpoint = new HttpEndpoint((_, _) => { });
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"], health: {{passive: off}}}}}}");
        using (var client = gateway.Connect())
        {
            var sending = new Thread(() =>
            {
                try
                {
                    client.Send($"POST / HTTP/1.1\r\nHost: test\r\n{(chunked ? "Transfer-Encoding: chunked" : $"Content-Length: {ManyBytes}")}\r\n\r\n");
                    client.Send(Encoding.ASCII.GetBytes(chunked ? $"{ManyBytes:x}\r\n" : ""));
                    client.Send(new byte[ManyBytes]);
                    client.Send(Encoding.ASCII.GetBytes(chunked ? "\r\n0\r\n\r\n" : ""));
                }
                catch (Exception error) when (error is SocketException or ObjectDisposedException)
                {
                    // Closed behind the response.
                }
            });
            sending.Start();
            using (var peer = new HttpWire(listener.Accept()))
            {
                peer.ReadHead();
                peer.Respond("no room", closes ? "Connection: close\r\n" : "", "413 Content Too Large");
                if (closes)
                {
                    // As servers do it that care: the end first, and then until the other side has gone.
                    peer.Socket.Shutdown(SocketShutdown.Send);
                }

                var response = client.ReadResponse();
                Assert.That((response.Status, response.Text), Is.EqualTo((413, "no room")));
            }

            sending.Join();
        }

        gateway.Settle();
    }

    [Test]
    public async Task Both_bodies_stream_at_once()
    {
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}");
        using (var client = gateway.Connect())
        {
            client.Send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
            using var peer = new HttpWire(listener.Accept());
            peer.ReadHead();
            peer.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            Assert.That(client.ReadHead().Status, Is.EqualTo(200));
            for (var at = 0; at < 100; at++)
            {
                // Each is answered before the next is sent.
                client.Send($"4\r\n{at:d4}\r\n");
                Assert.That(Encoding.ASCII.GetString(peer.ReadBytes(9)), Is.EqualTo($"4\r\n{at:d4}\r\n"));
                peer.Send($"4\r\n{at:d4}\r\n");
                Assert.That(Read(client, $"{at:d4}"), Is.EqualTo($"{at:d4}"));
            }

            client.Send("0\r\n\r\n");
            Assert.That(Encoding.ASCII.GetString(peer.ReadBytes(5)), Is.EqualTo("0\r\n\r\n"));
            peer.Send("0\r\n\r\n");
            Assert.That(client.ReadEnd(), Is.True);
            client.Get("/next");
            Assert.That(peer.ReadRequest()!.FirstLine, Is.EqualTo("GET /next HTTP/1.1"), "on the same connections");
            peer.Respond("ok");
            Assert.That(client.ReadResponse().Text, Is.EqualTo("ok"));
        }

        gateway.Settle();

        string Read(HttpWire wire, string text) =>
            carrier == Carrier.Http2 ? Encoding.ASCII.GetString(wire.ReadBytes(text.Length)) : Encoding.ASCII.GetString(wire.ReadBytes(text.Length + 5))[3..^2];
    }

    [Test]
    public async Task A_client_that_leaves_at_any_byte_of_either_body_leaves_nothing_behind([Values(10, 20_000, ManyBytes)] int bytes, [Values] bool uploads, [Values] bool inOrder)
    {
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            wire.Send($"HTTP/1.1 200 OK\r\nContent-Length: {bytes * 2L}\r\n\r\n");
            wire.Send(new byte[bytes]);
            wire.ReadRequest();
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, http: ", limits: {body: none}");
        for (var at = 0; at < 5; at++)
        {
            var client = gateway.Connect();
            if (uploads)
            {
                client.Send($"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {bytes * 2L}\r\n\r\n");
                client.Send(new byte[bytes]);
            }
            else
            {
                client.Get("/");
                client.ReadHead();
                client.ReadBytes(bytes);
            }

            if (inOrder)
            {
                client.Socket.Shutdown(SocketShutdown.Send);
                Assert.That(() => gateway.Leases, Is.Zero.After(Loopback.TimeoutMs, 1));
                client.Dispose();
            }
            else
            {
                client.Socket.Abort();
            }
        }

        gateway.Settle();
        Assert.That(gateway.Upstreams["up"].View.Available, Has.Length.EqualTo(1), "trap 25: no fault of the endpoint");
    }

    [Test]
    public async Task A_body_that_has_not_come_yet_when_a_used_connection_breaks_is_waited_for_once_only([Values("PUT", "POST")] string method)
    {
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"], health: {{passive: off}}}}}}");
        using (var client = gateway.Connect())
        {
            client.Get("/");
            using (var peer = new HttpWire(listener.Accept()))
            {
                peer.ReadRequest();
                peer.Respond("ok");
                client.ReadResponse();
                client.Send($"{method} / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n");
                peer.ReadHead();
            }

            var response = client.ReadResponse();
            Assert.That((response.Status, response["Connection"]), Is.EqualTo((502, (string?)null)), "what is left of it is little, and read away");
            if (carrier == Carrier.Http1)
            {
                client.Send("hello").Get("/next");
                using var fresh = new HttpWire(listener.Accept());
                Assert.That(fresh.ReadRequest()!.FirstLine, Is.EqualTo("GET /next HTTP/1.1"));
                fresh.Respond("ok");
                Assert.That(client.ReadResponse().Text, Is.EqualTo("ok"));
            }
        }

        gateway.Settle();
    }

    [TestCase("Expect: 100-continue", "Content-Length: 0", 200)]
    [TestCase("Expect: 100-Continue", "Content-Length: 0", 200)]
    [TestCase("Expect: 200-ok", "Content-Length: 0", 417)]
    [TestCase("Expect: 100-continue, x", "Content-Length: 0", 417)]
    [TestCase("Expect: 100-continue;x=y", "Content-Length: 0", 417)]
    [TestCase("Expect:", "Content-Length: 0", null)]
    public async Task S17_only_100_continue_may_be_expected(string expect, string length, int? status)
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var gateway = await BareGateway.ToAsync(endpoint);
        var response = gateway.Get("/", $"{expect}\r\n{length}\r\n");
        Assert.That(response.Status, status is null ? Is.AnyOf(200, 417) : Is.EqualTo(status));
        gateway.Settle();
    }
}

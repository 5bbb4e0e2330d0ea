using System.Globalization;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>Peers of both sides that lie, dribble, leave early or talk at the same time; after each, everything has come back.</summary>
internal sealed class PeerScenarios
{
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
                    Assert.That((response.Text, response["X-A"], response.Trailers.Single()), Is.EqualTo(("hello, world!!!", "1", "X-T: 2")), $"split at {split}");
                }
            }

            Assert.That(endpoint.Connections, Is.EqualTo(1));
            gateway.Settle();
        }
    }

    [Test]
    public async Task A_request_that_comes_byte_by_byte_is_the_same_request()
    {
        const string Request = "POST /x?y=z HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5;x=\"y\"\r\nhello\r\n0a\r\n, world!!!\r\n0\r\nX-T: 2\r\n\r\n";
        using var endpoint = new HttpEndpoint((wire, request) => wire.Respond(request.Text));
        await using var gateway = await BareGateway.ToAsync(endpoint);
        using (var client = gateway.Connect())
        {
            for (var split = 0; split <= Request.Length; split++)
            {
                client.Send(Request[..split]);
                client.Socket.Poll(200, SelectMode.SelectError);
                Assert.That(client.Send(Request[split..]).ReadResponse().Text, Is.EqualTo("hello, world!!!"), $"split at {split}");
            }

            foreach (var letter in Request)
            {
                client.Send(letter.ToString());
            }

            Assert.That(client.ReadResponse().Text, Is.EqualTo("hello, world!!!"));
        }

        Assert.That(endpoint.Requests.Select(request => request.FirstLine), Is.All.EqualTo("POST /x?y=z HTTP/1.1"));
        gateway.Settle();
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
        using (var old = gateway.Connect())
        {
            old.Send("GET / HTTP/1.0\r\nHost: test\r\n\r\n");
            Assert.That(() => old.Socket.ReceiveToEnd(), Throws.InstanceOf<SocketException>());
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
                catch (SocketException)
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
    public async Task An_answer_before_a_small_body_keeps_the_clients_connection_and_not_the_endpoints(
        [Values("Content-Length: 7\r\n\r\nno room", "Content-Length: 0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n7\r\nno room\r\n0\r\n\r\n", "Connection: close\r\nContent-Length: 7\r\n\r\nno room")] string answer,
        [Values(0, 1, 60_000)] int sent)
    {
        const int Length = 65_000;
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"], health: {{passive: off}}}}}}");
        using (var client = gateway.Connect())
        {
            client.Send($"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {Length}\r\n\r\n{new string('a', sent)}");
            using (var peer = new HttpWire(listener.Accept()))
            {
                peer.ReadHead();
                peer.ReadBytes(sent);
                peer.Send($"HTTP/1.1 413 Content Too Large\r\n{answer}");
                var response = client.ReadResponse();
                Assert.That((response.Status, response["Connection"]), Is.EqualTo((413, (string?)null)));
                Assert.That(peer.IsCutOff(), Is.True, "S19: nobody knows where the next request would begin");
            }

            client.Send(new string('a', Length - sent));
            client.Get("/next");
            using var fresh = new HttpWire(listener.Accept());
            Assert.That(fresh.ReadRequest()!.FirstLine, Is.EqualTo("GET /next HTTP/1.1"));
            fresh.Respond("ok");
            Assert.That(client.ReadResponse().Text, Is.EqualTo("ok"));
        }

        gateway.Settle();
    }

    [TestCase("Transfer-Encoding: chunked", "5\r\nhello\r\n", "Transfer-Encoding: chunked\r\n\r\n7\r\nno room\r\n0\r\n\r\n")]
    [TestCase("Transfer-Encoding: chunked", "5\r\nhello\r\n", "Content-Length: 7\r\n\r\nno room")]
    [TestCase("Content-Length: 70000", "hello", "Content-Length: 7\r\n\r\nno room")]
    [TestCase("Content-Length: 70000", "hello", "\r\nno room")]
    public async Task An_answer_before_a_body_of_which_much_may_come_tells_the_client_that_the_connection_ends(string framing, string begun, string answer)
    {
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"], health: {{passive: off}}}}}}");
        using (var client = gateway.Connect())
        {
            client.Send($"POST / HTTP/1.1\r\nHost: test\r\n{framing}\r\n\r\n{begun}");
            using (var peer = new HttpWire(listener.Accept()))
            {
                peer.ReadHead();
                peer.ReadBytes(5);
                peer.Send($"HTTP/1.1 413 Content Too Large\r\n{answer}");
            }

            var response = client.ReadResponse();
            Assert.That((response.Text, response["Connection"]), Is.EqualTo(("no room", "close")));
            Assert.That(client.HasEnded(), Is.True, "in order");
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
                Assert.That(Encoding.ASCII.GetString(client.ReadBytes(9)), Is.EqualTo($"4\r\n{at:d4}\r\n"));
            }

            client.Send("0\r\n\r\n");
            Assert.That(Encoding.ASCII.GetString(peer.ReadBytes(5)), Is.EqualTo("0\r\n\r\n"));
            peer.Send("0\r\n\r\n");
            Assert.That(Encoding.ASCII.GetString(client.ReadBytes(5)), Is.EqualTo("0\r\n\r\n"));
            client.Get("/next");
            Assert.That(peer.ReadRequest()!.FirstLine, Is.EqualTo("GET /next HTTP/1.1"), "on the same connections");
            peer.Respond("ok");
            Assert.That(client.ReadResponse().Text, Is.EqualTo("ok"));
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_thousand_pipelined_requests_are_answered_in_their_order()
    {
        using var endpoint = new HttpEndpoint((wire, request) => wire.Respond(request.FirstLine.Split(' ')[1]));
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{path: \"/*\", upstream: up}, {path: \"/own/*\", respond: {status: 200, body: own}}]}", $"{{{HttpGateway.Upstream("up", "", endpoint)}}}");
        using (var client = gateway.Connect())
        {
            client.Send(string.Concat(Enumerable.Range(0, 1000).Select(at => at % 2 == 0 ? $"GET /own/{at} HTTP/1.1\r\nHost: test\r\n\r\n" : $"GET /{at} HTTP/1.1\r\nHost: test\r\n\r\n")));
            for (var at = 0; at < 1000; at++)
            {
                Assert.That(client.ReadResponse().Text, Is.EqualTo(at % 2 == 0 ? "own" : $"/{at}"));
            }
        }

        Assert.That(endpoint.Connections, Is.EqualTo(1));
        gateway.Settle();
    }

    [Test]
    public async Task One_who_pipelines_without_end_leaves_its_loop_to_others()
    {
        await using var gateway = await BareGateway.StartAsync("{routes: [{path: /, respond: {status: 200, body: own}}]}", "{}", loops: 1);
        using (HttpWire greedy = gateway.Connect(), other = gateway.Connect())
        {
            var done = false;
            var requests = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("GET / HTTP/1.1\r\nHost: test\r\n\r\n", 1000)));
            var (sending, taking) = (new Thread(() => Until(() => greedy.Send(requests))), new Thread(() => Until(() => greedy.Socket.Receive(new byte[256 * 1024]))));
            sending.Start();
            taking.Start();
            for (var at = 0; at < 100; at++)
            {
                Assert.That(other.Get("/").ReadResponse().Status, Is.EqualTo(200));
            }

            Volatile.Write(ref done, true);
            greedy.Socket.Shutdown(SocketShutdown.Both);
            sending.Join();
            taking.Join();

            void Until(Action work)
            {
                try
                {
                    while (!Volatile.Read(ref done))
                    {
                        work();
                    }
                }
                catch (SocketException)
                {
                    // Shut down.
                }
            }
        }

        gateway.Settle();
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
    public async Task An_endpoint_that_leaves_at_any_byte_of_either_body_is_seen_to_have_left([Values(0, 10, 20_000, ManyBytes)] int bytes, [Values] bool uploads, [Values] bool inOrder)
    {
        using var endpoint = new HttpEndpoint((_, _) => { });
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync("{upstream: up, limits: {body: none}}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"], health: {{passive: off}}}}}}");
        using (var client = gateway.Connect())
        {
            var sending = new Thread(() =>
            {
                try
                {
                    client.Send(uploads ? $"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {ManyBytes * 2}\r\n\r\n" : "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
                    client.Send(uploads ? new byte[ManyBytes * 2] : []);
                }
                catch (SocketException)
                {
                    // Closed behind the response.
                }
            });
            sending.Start();
            using (var peer = new HttpWire(listener.Accept()))
            {
                peer.ReadHead();
                if (uploads)
                {
                    peer.ReadBytes(bytes);
                }
                else if (bytes > 0)
                {
                    peer.Send($"HTTP/1.1 200 OK\r\nContent-Length: {ManyBytes * 2}\r\n\r\n");
                    peer.Send(new byte[bytes]);
                }

                if (!inOrder)
                {
                    peer.Socket.Abort();
                }
            }

            if (uploads || bytes == 0)
            {
                Assert.That(client.ReadResponse().Status, Is.EqualTo(502));
            }
            else
            {
                client.ReadHead();
                Assert.That(() => client.ReadBytes(bytes + 1), Throws.InstanceOf<EndOfStreamException>().Or.InstanceOf<SocketException>());
            }

            sending.Join();
        }

        gateway.Settle();
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
            client.Send("hello").Get("/next");
            using var fresh = new HttpWire(listener.Accept());
            Assert.That(fresh.ReadRequest()!.FirstLine, Is.EqualTo("GET /next HTTP/1.1"));
            fresh.Respond("ok");
            Assert.That(client.ReadResponse().Text, Is.EqualTo("ok"));
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

    [TestCase("GET / HTTP/1.0\r\nHost: test\r\n\r\n", 200)]
    [TestCase("GET / HTTP/1.0\r\n\r\n", 400)]
    [TestCase("POST / HTTP/1.0\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)]
    [TestCase("POST / HTTP/1.0\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok", 200)]
    [TestCase("GET /\r\n\r\n", 400)]
    [TestCase("GET / HTTP/1.2\r\nHost: test\r\n\r\n", 505)]
    [TestCase("GET / HTTP/2.0\r\nHost: test\r\n\r\n", 505)]
    public async Task Older_versions_are_served_and_unknown_ones_are_not_and_both_end(string request, int status)
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var gateway = await BareGateway.ToAsync(endpoint);
        using (var client = gateway.Connect())
        {
            var response = client.Send(request).ReadResponse();
            Assert.That((response.Status, response["Connection"]), Is.EqualTo((status, "close")));
            Assert.That(client.HasEnded(), Is.True);
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_websocket_passes_each_sides_end_on_behind_its_last_byte()
    {
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}");
        using (var client = gateway.Connect())
        {
            client.Get("/", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
            using var peer = new HttpWire(listener.Accept());
            peer.ReadRequest();
            peer.Send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
            Assert.That(client.ReadResponse().Status, Is.EqualTo(101));
            var sending = new Thread(() =>
            {
                client.Send(new byte[ManyBytes]);
                client.Socket.Shutdown(SocketShutdown.Send);
            });
            sending.Start();
            peer.ReadBytes(ManyBytes);
            Assert.That(peer.HasEnded(), Is.True);
            sending.Join();
            peer.Send("the last word");
            peer.Socket.Shutdown(SocketShutdown.Send);
            Assert.That(Encoding.ASCII.GetString(client.ReadBytes(13)), Is.EqualTo("the last word"));
            Assert.That(client.HasEnded(), Is.True);
        }

        gateway.Settle();
    }

    [Test]
    public async Task W4_bytes_behind_a_request_to_upgrade_are_held_until_it_is_agreed([Values] bool agreed)
    {
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}");
        using (var client = gateway.Connect())
        {
            client.Get("/", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
            client.Send("GET /next HTTP/1.1\r\nHost: test\r\n\r\n");
            using var peer = new HttpWire(listener.Accept());
            peer.ReadRequest();
            Assert.That(peer.Socket.Poll(100_000, SelectMode.SelectRead), Is.False, "nothing before the agreement");
            if (agreed)
            {
                peer.Send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
                Assert.That(Encoding.ASCII.GetString(peer.ReadBytes(18)), Is.EqualTo("GET /next HTTP/1.1"), "as it is");
            }
            else
            {
                peer.Respond("no", status: "426 Upgrade Required");
                Assert.That(client.ReadResponse().Status, Is.EqualTo(426));
                Assert.That(peer.ReadRequest()!.Fields, Has.Some.StartsWith("X-Forwarded-For"), "a request like any other");
                peer.Respond("ok");
                Assert.That(client.ReadResponse().Status, Is.EqualTo(200));
            }
        }

        gateway.Settle();
    }
}

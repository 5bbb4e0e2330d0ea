using System.Net.Sockets;
using System.Text;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>Peers of HTTP/1.1 in their bytes: pieces of a head, pipelines, older versions, upgrades.</summary>
internal sealed class Http1PeerScenarios
{
    private const int ManyBytes = 3_000_000;

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
                catch (Exception error) when (error is SocketException or ObjectDisposedException)
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
    [TestCase("Content-Length: 70000", "hello", "Transfer-Encoding: chunked\r\n\r\n7\r\nno room\r\n", "0\r\n\r\n")]
    [TestCase("Transfer-Encoding: chunked", "5\r\nhello\r\n", "Transfer-Encoding: chunked\r\n\r\n2\r\nno\r\n", "5\r\n room\r\n0\r\n\r\n")]
    public async Task An_answer_before_a_body_of_which_much_may_come_tells_the_client_that_the_connection_ends(string framing, string begun, string answer, string later = "")
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
                if (later.Length > 0)
                {
                    // The head has reached the client before the end of the body is known.
                    Assert.That(client.Socket.Poll(TimeSpan.FromMilliseconds(Loopback.TimeoutMs), SelectMode.SelectRead), Is.True);
                    peer.Send(later);
                }
            }

            var response = client.ReadResponse();
            Assert.That((response.Text, response["Connection"]), Is.EqualTo(("no room", "close")));
            Assert.That(client.HasEnded(), Is.True, "in order");
        }

        gateway.Settle();
    }
}

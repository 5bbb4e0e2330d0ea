using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What a request costs the garbage collector.</summary>
internal sealed class AllocationScenarios
{
    private const int Warm = 2_000;
    private const int MostRuns = 4;

    [TestCase("GET /a/b?c=d HTTP/1.1\r\nHost: test\r\nUser-Agent: test\r\nAccept: */*\r\nCookie: a=b\r\n\r\n", 10_000)]
    [TestCase("POST /a/b HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello", 2_500)]
    public async Task Thousands_of_warm_requests_allocate_nothing_on_the_loop_with_log_and_metrics_on(string request, int count)
    {
        using var endpoint = new HttpEndpoint("hello");
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{path: \"/a/*\", upstream: up, rate_limit: [a, b], response_headers: {set: {X-A: b}}}]}",
            $"{{{HttpGateway.Upstream("up", ", concurrency: auto", endpoint)}}}\nrate_limits: {{a: {{key: client_ip, limit: {{rate: 1000000/s, burst: 1000000}}}}, b: {{key: [\"header:User-Agent\", route], limit: 900000000/h}}}}",
            loops: 1, access: LogDestination.File);
        AllocatesNothing(gateway, request, count);
    }

    [TestCase("GET /a/b?c=d HTTP/1.1\r\nHost: test\r\nUser-Agent: test\r\nAccept: */*\r\nCookie: a=b\r\n\r\n")]
    [TestCase("POST /a/b HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello")]
    public async Task Neither_do_thousands_that_go_on_by_HTTP2(string request)
    {
        using var endpoint = new Http2Endpoint((wire, stream, fields) =>
        {
            for (var ended = fields.Contains(":method: GET"); !ended;)
            {
                ended = wire.ReadOf(stream).EndsStream;
            }

            wire.Respond(stream, "hello");
        });
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{path: \"/a/*\", upstream: up}]}", $"{{up: {{endpoints: \"{endpoint.Address}\", protocol: http2}}}}", loops: 1, access: LogDestination.File);
        AllocatesNothing(gateway, request, count: 2_500);
        Assert.That(endpoint.Connections, Is.EqualTo(1));
    }

    [TestCase("")]
    [TestCase("Accept-Language: de\r\n")]
    public async Task Neither_do_thousands_that_are_answered_from_memory(string field)
    {
        var body = new string('x', 1024) + "hello";
        using var endpoint = new HttpEndpoint((wire, _) => wire.Respond(body, "Cache-Control: max-age=3600\r\nETag: \"tag\"\r\nContent-Type: text/plain\r\nVary: Accept-Language\r\n"));
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{path: \"/a/*\", upstream: up, cache: 1d, response_headers: {set: {X-A: b}}}]}", $"{{{HttpGateway.Upstream("up", "", endpoint)}}}", loops: 1, access: LogDestination.File, time: new ManualTime());
        gateway.Get("/a/b?c=d", field);
        AllocatesNothing(gateway, $"GET /a/b?c=d HTTP/1.1\r\nHost: test\r\nUser-Agent: test\r\nAccept: */*\r\n{field}\r\n", 2_500);
        Assert.That(endpoint.Requests, Has.Count.EqualTo(1));
    }

    private static void AllocatesNothing(BareGateway gateway, string request, int count)
    {
        var loop = gateway.Loops.Loops[0];
        using (var client = gateway.Connect())
        {
            var bytes = System.Text.Encoding.ASCII.GetBytes(request);
            var length = FirstResponse(client, bytes);
            Ask(client, bytes, length, Warm);

            // A collection that falls into a run takes the rest of the thread's allocation buffer away and counts it: then another run.
            var allocated = long.MaxValue;
            for (var run = 0; run < MostRuns && allocated > 0; run++)
            {
                var before = Allocated(loop);
                Ask(client, bytes, length, count);
                allocated = Allocated(loop) - before;
            }

            Assert.That(allocated, Is.Zero, $"bytes in {count} requests");
        }

        gateway.Settle();
        Assert.That(() => File.ReadLines(gateway.AccessPath).Count(), Is.GreaterThan(count + Warm).After(Loopback.TimeoutMs, 20));
    }

    [TestCase(false, 10_000)]
    [TestCase(true, 2_500)]
    public async Task Nor_do_those_of_HTTP_2(bool posts, int count)
    {
        using var endpoint = new HttpEndpoint("hello");
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{path: \"/a/*\", upstream: up, response_headers: {set: {X-A: b}}}]}", $"{{{HttpGateway.Upstream("up", "", endpoint)}}}", loops: 1, access: LogDestination.File);
        var loop = gateway.Loops.Loops[0];
        using (var client = gateway.Connect2())
        {
            client.Agree();
            client.Send(FrameKind.WindowUpdate, FrameFlags.None, 0, Http2Wire.Number(1_000_000_000));
            byte[] head = Http2Wire.Block(Http2Wire.Request(posts ? "POST" : "GET", "/a/b?c=d", ("user-agent", "test"), ("accept", "*/*"), ("cookie", "a=b")));
            byte[] request =
            [
                .. Http2Wire.Frame(FrameKind.Headers, FrameFlags.EndHeaders | (posts ? FrameFlags.None : FrameFlags.EndStream), 1, head),
                .. posts ? Http2Wire.Frame(FrameKind.Data, FrameFlags.EndStream, 1, [.. "hello"u8]) : [],
            ];
            var stream = 1;
            client.Send(request);
            var length = client.Socket.Receive(new byte[4096]);
            Ask(client.Socket, request, head.Length, length, Warm, ref stream);
            var allocated = long.MaxValue;
            for (var run = 0; run < MostRuns && allocated > 0; run++)
            {
                var before = Allocated(loop);
                Ask(client.Socket, request, head.Length, length, count, ref stream);
                allocated = Allocated(loop) - before;
            }

            Assert.That(allocated, Is.Zero, $"bytes in {count} requests");
        }

        gateway.Settle();
    }

    private static void Ask(Socket client, byte[] request, int headLength, int length, int count, ref int stream)
    {
        var response = new byte[4096];
        for (var at = 0; at < count; at++)
        {
            stream += 2;
            BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(5), stream);
            if (request.Length > FrameHeader.Bytes + headLength)
            {
                BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(FrameHeader.Bytes + headLength + 5), stream);
            }

            client.Send(request);
            for (var read = 0; read < length;)
            {
                read += client.Receive(response, read, response.Length - read, SocketFlags.None);
            }

            // A head whose first field is the static table's :status: 200.
            Assert.That(response[3] == (byte)FrameKind.Headers && response[FrameHeader.Bytes] == 0x88, Is.True);
        }
    }

    private static int FirstResponse(HttpWire client, byte[] request)
    {
        // It may come in pieces, and ends with its body, which is the same in every test, or behind it with the last chunk.
        client.Send(request);
        var response = new byte[4096];
        for (var read = 0; ;)
        {
            read += client.Socket.Receive(response, read, response.Length - read, SocketFlags.None);
            var text = response.AsSpan(0, read);
            if (text.EndsWith(text.IndexOf("chunked\r\n"u8) < 0 ? "hello"u8 : "0\r\n\r\n"u8))
            {
                return read;
            }
        }
    }

    private static void Ask(HttpWire client, byte[] request, int length, int count)
    {
        var response = new byte[4096];
        for (var at = 0; at < count; at++)
        {
            client.Send(request);
            for (var read = 0; read < length;)
            {
                read += client.Socket.Receive(response, read, response.Length - read, SocketFlags.None);
            }

            Assert.That(response.AsSpan().StartsWith("HTTP/1.1 200"u8), Is.True);
        }
    }

    // Posted, and looked for here: a task would allocate on the loop where somebody awaits it already.
    private static long Allocated(EventLoop loop)
    {
        var bytes = new StrongBox<long>(-1);
        loop.Post(static cell => Volatile.Write(ref ((StrongBox<long>)cell!).Value, GC.GetAllocatedBytesForCurrentThread()), bytes);
        Assert.That(SpinWait.SpinUntil(() => Volatile.Read(ref bytes.Value) >= 0, Loopback.TimeoutMs), Is.True);
        return bytes.Value;
    }
}

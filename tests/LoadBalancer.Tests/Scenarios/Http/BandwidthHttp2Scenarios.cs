using System.Buffers.Binary;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Health;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>Streams that wait for a bandwidth beside others on one connection. The clock stands still, so they wait to the end.</summary>
internal sealed class BandwidthHttp2Scenarios
{
    // More than the window of the connection, 1 MiB, has room for; each less than that of a stream.
    private const int Streams = 20;
    private const int Bytes = 60_000;

    private const string Routes = "{routes: [{path: /slow, upstream: up, rate_limit: slow}, {path: /fast, upstream: up}]}";
    private const string Slow = "rate_limits: {slow: {key: client_ip, bandwidth: {request: 1000B/s, response: 1000B/s, burst: 512B}}}";

    [Test]
    public async Task Uploads_that_wait_hold_up_no_other_stream_of_their_client()
    {
        using var endpoint = new HttpEndpoint((wire, request) => wire.Respond($"{request.Body.Length} bytes"));
        await using var gateway = await BareGateway.StartAsync(Routes, $"{{{HttpGateway.Upstream("up", "", endpoint)}}}\n{Slow}", loops: 1, time: new ManualTime());
        using (var client = gateway.Connect2())
        {
            var window = 65_535L;
            var body = new byte[Bytes];
            for (var at = 0; at < Streams; at++)
            {
                Send(client.Post("/slow"), ends: false);
            }

            var fast = client.Post("/fast");
            Send(fast, ends: true);
            Assert.That(client.ReadResponse(fast).Text, Is.EqualTo($"{Bytes} bytes"));

            void Send(int stream, bool ends)
            {
                while (window < Bytes)
                {
                    window += Credit(client.ReadOne(FrameKind.WindowUpdate)!);
                }

                client.Data(stream, body, ends);
                window -= Bytes;
            }
        }

        gateway.Settle();
    }

    [Test]
    public async Task Downloads_that_wait_hold_up_no_other_of_their_connection_to_the_endpoint()
    {
        using var endpoint = new Http2Endpoint(wire =>
        {
            var window = 65_535L;
            var waiting = new Queue<(int Stream, int Bytes)>();
            while (wire.Read() is { } frame)
            {
                window += frame is { Kind: FrameKind.WindowUpdate, StreamId: 0 } ? Credit(frame) : 0;
                if (frame.Kind == FrameKind.Headers)
                {
                    waiting.Enqueue((frame.StreamId, wire.Fields(frame).Contains(":path: /slow") ? Bytes : 4));
                }

                while (waiting.TryPeek(out var next) && next.Bytes <= window)
                {
                    waiting.Dequeue();
                    window -= next.Bytes;
                    wire.Headers(next.Stream, ends: false, (":status", "200"));
                    wire.Data(next.Stream, new byte[next.Bytes], ends: true);
                }
            }
        });
        await using var gateway = await BareGateway.StartAsync(Routes, $"{{up: {{endpoints: \"{endpoint.Address}\", protocol: http2}}}}\n{Slow}", loops: 1, time: new ManualTime());
        var clients = new List<HttpWire>();
        for (var at = 0; at < Streams; at++)
        {
            clients.Add(gateway.Connect());
            clients[^1].Get("/slow");
            Assert.That(clients[^1].ReadHead().Status, Is.EqualTo(200));
        }

        Assert.That(gateway.Get("/fast").Body, Has.Length.EqualTo(4));
        Assert.That(endpoint.Connections, Is.EqualTo(1));
        clients.ForEach(client => client.Dispose());
        gateway.Settle();
    }

    [Test]
    public async Task A_call_of_gRPC_comes_whole_with_its_trailers()
    {
        await using var endpoint = await GrpcEndpoint.StartAsync();
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{path: \"/*\", upstream: up, rate_limit: calls}]}",
            $"{{up: {{endpoints: \"{endpoint.Address}\", protocol: grpc}}}}\nrate_limits: {{calls: {{key: client_ip, bandwidth: {{request: 4MB/s, response: 4MB/s, burst: 100KB}}}}}}",
            loops: 1, access: LogDestination.File);
        var text = new string('x', 300_000);
        using (var client = new GrpcCaller(gateway.Address))
        {
            var (messages, status) = await client.CallAsync("/test.Echo/Unary", text);
            Assert.That((messages.Single() == text, status), Is.EqualTo((true, "0")));
        }

        gateway.Settle();
        Assert.That(() => File.ReadAllLines(gateway.AccessPath).Single(), Does.Match("\"paused_ms\":[1-9]").After(Loopback.TimeoutMs, 5));
    }

    private static int Credit(Http2Frame update) => update.StreamId == 0 ? BinaryPrimitives.ReadInt32BigEndian(update.Payload) : 0;
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>
/// Frames that come in one read: a request is begun when all of them are taken, so that one which is over by then has cost an endpoint nothing. Each
/// request has its line in the access log all the same.
/// </summary>
internal sealed class Http2ReadScenarios
{
    /// <summary>A GET of / at the host test, by the static table: so short that a hundred of them and more come in one read.</summary>
    private static readonly byte[] Request = [0x82, 0x86, 0x84, 0x01, 4, .. "test"u8];

    private HttpEndpoint _endpoint = null!;

    [SetUp]
    public void Listen() => _endpoint = new HttpEndpoint((wire, request) => wire.Respond(request.Text));

    [TearDown]
    public void Close() => _endpoint.Dispose();

    [Test]
    public async Task A_hundred_requests_that_are_reset_at_once_reach_no_endpoint_and_are_logged()
    {
        using var listener = Loopback.Listen();
        await using var gateway = await StartAsync(listener.LocalEndPoint!);
        using (var client = gateway.Connect2())
        {
            client.Agree();
            var stays = client.Get("/stays");
            using var peer = new HttpWire(listener.Accept());
            peer.ReadRequest();
            client.Send([.. Enumerable.Range(0, 100).SelectMany(at => (byte[])[.. Head(3 + (2 * at)), .. Reset(3 + (2 * at))])]);

            // The connection's other streams: one that was there before, and one that comes behind.
            peer.Respond("stays");
            Assert.That(client.ReadResponse(stays).Text, Is.EqualTo("stays"));
            client.Send(Head(203));
            Assert.That(peer.ReadRequest()!.FirstLine, Is.EqualTo("GET / HTTP/1.1"), "the only one that an endpoint sees");
            peer.Respond("last");
            Assert.That(client.ReadResponse(203).Text, Is.EqualTo("last"));
            Assert.That(listener.Poll(0, SelectMode.SelectRead), Is.False, "no other connection");
        }

        gateway.Settle();
        Assert.That(() => Lines(gateway), Has.Length.EqualTo(102).After(Loopback.TimeoutMs, 20));
        Assert.That(Lines(gateway).Count(line => line.Contains("\"status\":499") && line.Contains("\"client_closed\"")), Is.EqualTo(100));
    }

    [Test]
    public async Task They_count_as_a_flood_all_the_same()
    {
        await using var gateway = await StartAsync(_endpoint.Address);
        using (var client = gateway.Connect2())
        {
            client.Agree();
            for (var at = 0; at < 2; at++)
            {
                // Each hundred within a block of what is read.
                var first = 1 + (200 * at);
                client.Send([.. Enumerable.Range(0, 100).SelectMany(at => (byte[])[.. Head(first + (2 * at)), .. Reset(first + (2 * at))])]);
                client.Send(FrameKind.Ping, FrameFlags.None, 0, new byte[8]);
                Assert.That(client.ReadOne(FrameKind.Ping, FrameKind.GoAway)!.Kind, Is.EqualTo(FrameKind.Ping));
            }

            client.Send([.. Head(401), .. Reset(401), .. Head(403)]);
            Assert.That(client.ReadGoAway(), Is.EqualTo(Http2Error.EnhanceYourCalm), "the 201st");
        }

        gateway.Settle();
        Assert.That(_endpoint.Requests, Is.Empty);
        Assert.That(gateway.Listener.Metrics.FaultsOf(FaultSide.Client, FaultKind.Flood), Is.EqualTo(1));
        Assert.That(() => Lines(gateway), Has.Length.EqualTo(201).After(Loopback.TimeoutMs, 20));
    }

    [Test]
    public async Task A_body_that_comes_with_its_head_is_passed_on_whole()
    {
        await using var gateway = await StartAsync(_endpoint.Address);
        using (var client = gateway.Connect2())
        {
            client.Agree();
            client.Send(
            [
                .. Post(1, ("content-length", "5")),
                .. Data(1, FrameFlags.None, "he"), .. Data(1, FrameFlags.EndStream, "llo"),
                .. Post(3),
                .. Data(3, FrameFlags.Padded, "\u0001again\0"),
                .. Http2Wire.Frame(FrameKind.WindowUpdate, FrameFlags.None, 3, Http2Wire.Number(1)),
                .. Http2Wire.Frame(FrameKind.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, 3, Http2Wire.Block([("checksum", "1")])),
            ]);
            Assert.That(client.ReadResponse(1).Text, Is.EqualTo("hello"));
            Assert.That(client.ReadResponse(3).Text, Is.EqualTo("again"));
        }

        gateway.Settle();
        Assert.That(_endpoint.Requests.Single(request => request.Text == "again").Trailers, Is.EqualTo(new[] { "checksum: 1" }));
    }

    [Test]
    public async Task A_body_that_is_wrong_is_refused_before_anybody_sees_its_request_and_nothing_follows_the_reset()
    {
        await using var gateway = await StartAsync(_endpoint.Address);
        using (var client = gateway.Connect2())
        {
            client.Agree();
            client.Send([.. Post(1, ("content-length", "1")), .. Data(1, FrameFlags.EndStream, "more")]);
            var frame = client.ReadOf(1);
            Assert.That((frame.Kind, frame.Error), Is.EqualTo((FrameKind.ResetStream, Http2Error.ProtocolError)));
            client.Send(FrameKind.Settings, FrameFlags.None, 0);
            client.Send(Head(3));
            for (var next = client.Read()!; next.StreamId != 3 || !next.EndsStream; next = client.Read()!)
            {
                Assert.That(next.StreamId, Is.Not.EqualTo(1), $"{next.Kind} behind the reset");
            }
        }

        gateway.Settle();
        Assert.That(_endpoint.Requests, Has.Count.EqualTo(1));
        Assert.That(() => Lines(gateway), Has.Some.Contains("\"body_invalid\"").After(Loopback.TimeoutMs, 20));
    }

    [Test]
    public async Task A_client_that_says_goodbye_behind_its_requests_is_answered()
    {
        await using var gateway = await StartAsync(_endpoint.Address);
        using (var client = gateway.Connect2())
        {
            client.Agree();
            client.Send([.. Head(1), .. Head(3), .. Http2Wire.Frame(FrameKind.GoAway, FrameFlags.None, 0, new byte[8])]);
            Assert.That(client.ReadOne(FrameKind.Headers)!.StreamId, Is.EqualTo(1).Or.EqualTo(3));
            Assert.That(client.ReadOne(FrameKind.Headers)!.StreamId, Is.EqualTo(1).Or.EqualTo(3));
        }

        gateway.Settle();
    }

    [TestCase(Http2Error.ProtocolError, FaultKind.Http2Invalid, "http2_invalid")]
    [TestCase(Http2Error.EnhanceYourCalm, FaultKind.Flood, "flood")]
    public async Task Requests_before_the_frame_that_ends_the_connection_are_not_begun(Http2Error error, FaultKind kind, string reason)
    {
        await using var gateway = await StartAsync(_endpoint.Address);
        using (var client = gateway.Connect2())
        {
            client.Agree();

            // A ping on a stream; or as many settings as are one too many, each of which costs ten.
            var last = kind == FaultKind.Flood ? Enumerable.Repeat(Http2Wire.Frame(FrameKind.Settings, FrameFlags.None, 0), 205).SelectMany(frame => frame)
                : Http2Wire.Frame(FrameKind.Ping, FrameFlags.None, 1, new byte[8]);
            client.Send([.. Head(1), .. Head(3), .. Post(5), .. last]);
            var goAway = client.ReadOne(FrameKind.GoAway)!;
            Assert.That((goAway.Error, goAway.Number), Is.EqualTo((error, 5)));
            Assert.That(client.Read(), Is.Null);
        }

        gateway.Settle();
        Assert.That(_endpoint.Requests, Is.Empty);
        Assert.That(gateway.Listener.Metrics.FaultsOf(FaultSide.Client, kind), Is.EqualTo(1));
        Assert.That(() => Lines(gateway).Count(line => line.Contains($"\"{reason}\"")), Is.EqualTo(3).After(Loopback.TimeoutMs, 20));
    }

    [Test]
    public async Task A_client_that_has_gone_when_its_requests_are_read_makes_nobody_work([Values] bool resets)
    {
        await using var gateway = await StartAsync(_endpoint.Address);
        var client = gateway.Connect2();
        client.Agree();

        // While the loop stands still, as under load, what the client does piles up.
        using var stands = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        var standing = gateway.Loops.Loops[0].RunAsync(
            _ =>
            {
                stands.Set();
                go.Wait(Loopback.TimeoutMs);
            },
            null);
        stands.Wait(Loopback.TimeoutMs);
        client.Send([.. Head(1), .. Head(3), .. Post(5)]);
        if (resets)
        {
            client.Socket.LingerState = new LingerOption(true, 0);
        }

        client.Dispose();
        go.Set();
        await standing;
        gateway.Settle();
        Assert.That(_endpoint.Connections, Is.Zero);
        Assert.That(() => Lines(gateway).Count(line => line.Contains("\"client_closed\"")), Is.EqualTo(3).After(Loopback.TimeoutMs, 20));
    }

    // By a clock that stands still, so that no budget fills again.
    private static Task<BareGateway> StartAsync(EndPoint endpoint) =>
        BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{endpoint}\"]}}}}", loops: 1, access: LogDestination.File, time: new ManualTime());

    private static string[] Lines(BareGateway gateway) => File.ReadAllLines(gateway.AccessPath);

    private static byte[] Head(int stream) => Http2Wire.Frame(FrameKind.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, stream, Request);

    private static byte[] Post(int stream, params (string Name, string Value)[] fields) =>
        Http2Wire.Frame(FrameKind.Headers, FrameFlags.EndHeaders, stream, Http2Wire.Block(Http2Wire.Request("POST", "/", fields)));

    private static byte[] Data(int stream, FrameFlags flags, string text) =>
        Http2Wire.Frame(FrameKind.Data, flags, stream, Encoding.Latin1.GetBytes(text));

    private static byte[] Reset(int stream) => Http2Wire.Frame(FrameKind.ResetStream, FrameFlags.None, stream, Http2Wire.Number((int)Http2Error.Cancel));
}

using System.Net.Sockets;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What clients do that only want to cost: each ends its own connection soon, is held by nothing afterwards, and harms nobody else.</summary>
internal sealed class Http2FloodScenarios
{
    private HttpEndpoint _endpoint = null!;

    [SetUp]
    public void Listen() => _endpoint = new HttpEndpoint("ok");

    [TearDown]
    public void Close() => _endpoint.Dispose();

    [Test]
    public async Task H10_rapid_reset()
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint);
        using (var other = gateway.Connect2())
        {
            using (var client = gateway.Connect2())
            {
                var block = Http2Wire.Block(Http2Wire.Request("GET", "/"));
                Flood(client, Enumerable.Range(0, 5_000).Select(at => (byte[])
                [
                    .. Http2Wire.Frame(FrameKind.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, 1 + (2 * at), block),
                    .. Http2Wire.Frame(FrameKind.ResetStream, FrameFlags.None, 1 + (2 * at), Http2Wire.Number((int)Http2Error.Cancel)),
                ]));
                Assert.That(client.ReadGoAway(), Is.EqualTo(Http2Error.EnhanceYourCalm).Or.Null);
                Assert.That(_endpoint.Connections, Is.LessThan(1_000), "handlers are bounded");
            }

            Assert.That(other.ReadResponse(other.Get()).Status, Is.EqualTo(200), "others are served");
        }

        SettleAfter(gateway, FaultKind.Flood);
    }

    [Test]
    public async Task H10_a_client_that_takes_a_few_back_is_no_flood()
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint);
        using (var client = gateway.Connect2())
        {
            for (var at = 0; at < 100; at++)
            {
                client.Send(FrameKind.ResetStream, FrameFlags.None, client.Get(), Http2Wire.Number((int)Http2Error.Cancel));
            }

            Assert.That(() => gateway.LookAsync().Result.Exchanges, Is.Zero.After(30_000, 10));
            Assert.That(client.ReadResponse(client.Get()).Status, Is.EqualTo(200));
        }

        gateway.Settle();
    }

    [TestCase(FrameKind.WindowUpdate, 0, Http2Error.ProtocolError, TestName = "H11 an update by nothing")]
    [TestCase(FrameKind.Priority, 0, Http2Error.FrameSizeError, TestName = "H11 a priority of another length")]
    [TestCase(FrameKind.Data, 0, Http2Error.StreamClosed, TestName = "H11 data behind the end")]
    [TestCase(FrameKind.WindowUpdate, int.MaxValue, Http2Error.FlowControlError, TestName = "H12 a window that is too large")]
    public async Task What_would_make_lb_reset_a_stream_for_nothing_ends_the_connection(FrameKind kind, int number, Http2Error error)
    {
        using var go = new ManualResetEventSlim();
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            go.Wait(200);
            wire.Respond("ok");
        });
        await using var gateway = await BareGateway.ToAsync(endpoint);
        using (var client = gateway.Connect2())
        {
            client.Send(kind, FrameFlags.None, client.Get(), Http2Wire.Number(number));
            Assert.That(client.ReadGoAway(), Is.EqualTo(error));
        }

        gateway.Settle();
    }

    [Test]
    public async Task H11_streams_that_are_malformed_or_too_many_are_a_flood_too([Values] bool malformed)
    {
        using var go = new ManualResetEventSlim();
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            go.Wait(60_000);
            wire.Respond("ok");
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, http: ", limits: {streams: 20}");
        using (var client = gateway.Connect2())
        {
            Flood(client, Enumerable.Range(0, 2_000).Select(at => Http2Wire.Frame(
                FrameKind.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, 1 + (2 * at), Http2Wire.Block(Http2Wire.Request("GET", "/", malformed ? [("X", "y")] : [])))));
            Assert.That(client.ReadGoAway(), Is.EqualTo(Http2Error.EnhanceYourCalm).Or.Null);
        }

        go.Set();
        SettleAfter(gateway, FaultKind.Flood);
    }

    [Test]
    public async Task H13_continuations_without_an_end([Values(0, 1)] int length)
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint);
        using (var client = gateway.Connect2())
        {
            client.Send(FrameKind.Headers, FrameFlags.EndStream, 1);
            Flood(client, Enumerable.Repeat(Http2Wire.Frame(FrameKind.Continuation, FrameFlags.None, 1, new byte[length]), 20_000));
            Assert.That(client.ReadGoAway(), Is.EqualTo(Http2Error.EnhanceYourCalm).Or.Null);
        }

        SettleAfter(gateway, FaultKind.Flood);
    }

    [Test]
    public async Task H13_a_block_without_an_end_is_not_kept()
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint);
        using (var client = gateway.Connect2())
        {
            client.Send(FrameKind.Headers, FrameFlags.EndStream, 1);
            Flood(client, Enumerable.Repeat(Http2Wire.Frame(FrameKind.Continuation, FrameFlags.None, 1, new byte[16_000]), 20));
            Assert.That(client.ReadGoAway(), Is.EqualTo(Http2Error.EnhanceYourCalm).Or.Null);
        }

        SettleAfter(gateway, FaultKind.HeadTooLarge);
    }

    [TestCase(FrameKind.Ping, 0, 8)]
    [TestCase(FrameKind.Settings, 0, 0)]
    [TestCase(FrameKind.Priority, 1, 5)]
    [TestCase(FrameKind.WindowUpdate, 0, 4)]
    [TestCase((FrameKind)0x99, 1, 0)]
    [TestCase(FrameKind.Data, 1, 0)]
    public async Task H14_frames_that_ask_for_nothing(FrameKind kind, int stream, int length)
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint);
        using (var client = gateway.Connect2())
        {
            client.Post();
            var payload = new byte[length];
            payload.AsSpan(Math.Max(0, length - 1)).Fill(1);
            Flood(client, Enumerable.Repeat(Http2Wire.Frame(kind, FrameFlags.None, stream, payload), 50_000));
            Assert.That(client.ReadGoAway(), Is.EqualTo(Http2Error.EnhanceYourCalm).Or.Null);
        }

        SettleAfter(gateway, FaultKind.Flood);
    }

    [Test]
    public async Task H14_a_client_that_does_not_read_the_answers_is_not_read_on_until_it_stalls_or_goes([Values] bool goes)
    {
        var (sent, time) = (0L, new ManualTime());
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
            for (var piece = new byte[64 * 1024]; ;)
            {
                wire.Send(piece);
                Interlocked.Add(ref sent, piece.Length);
            }
        });
        await using var gateway = await BareGateway.StartAsync(
            "{upstream: up, timeouts: {body: 1s}}", $"{{{HttpGateway.Upstream("up", "", endpoint)}}}", loops: 1, access: LogDestination.File, time: time);
        using (var client = gateway.Connect2((SettingId.InitialWindowSize, int.MaxValue)))
        {
            client.Agree();
            client.Socket.ReceiveBufferSize = 4096;
            client.Send(FrameKind.WindowUpdate, FrameFlags.None, 0, Http2Wire.Number(int.MaxValue - 65_535));
            client.Get();

            // All the buffers on the way are full.
            var last = 0L;
            Assert.That(() => Interlocked.Exchange(ref last, Interlocked.Read(ref sent)) == Interlocked.Read(ref sent) && last > 0, Is.True.After(Loopback.TimeoutMs, 300));

            // More of them than are a flood, were they read.
            client.Send([.. Enumerable.Repeat(Http2Wire.Frame(FrameKind.Ping, FrameFlags.None, 0, new byte[8]), 3_000).SelectMany(frame => frame)]);
            for (var turn = 0; turn < 50; turn++)
            {
                await gateway.Loops.Loops[0].RunAsync(_ => { }, null);
            }

            if (goes)
            {
                client.Socket.Abort();
            }
            else
            {
                time.Advance(TimeSpan.FromSeconds(2));
                await gateway.Loops.Loops[0].RunAsync(_ => { }, null);
                Assert.That(() => File.ReadAllText(gateway.AccessPath), Does.Contain("\"client_stalled\"").After(Loopback.TimeoutMs, 20));
            }
        }

        gateway.Settle();
        Assert.That(() => File.ReadAllText(gateway.AccessPath), Does.Contain(goes ? "\"client_closed\"" : "\"client_stalled\"").After(Loopback.TimeoutMs, 20));
        Assert.That(gateway.Listener.Metrics.FaultsOf(FaultSide.Client, FaultKind.Flood), Is.Zero);
    }

    [Test]
    public async Task Heads_above_a_frame_are_no_flood()
    {
        // By a clock that stands still: nothing comes back by itself.
        await using var gateway = await BareGateway.StartAsync(
            "{upstream: up}", $"{{{HttpGateway.Upstream("up", "", _endpoint)}}}", loops: 1, time: new ManualTime());
        using (var client = gateway.Connect2())
        {
            var block = Http2Wire.Block(Http2Wire.Request("GET", "/", ("x", new string('x', 20_000))));
            for (var at = 0; at < 300; at++)
            {
                client.Send(FrameKind.Headers, FrameFlags.EndStream, 1 + (2 * at), block[..16_000]);
                client.Send(FrameKind.Continuation, FrameFlags.None, 1 + (2 * at), block[16_000..20_000]);
                client.Send(FrameKind.Continuation, FrameFlags.EndHeaders, 1 + (2 * at), block[20_000..]);
                Assert.That(client.ReadResponse(1 + (2 * at)).Status, Is.EqualTo(200));
            }
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_client_that_opens_a_hundred_streams_before_it_has_read_how_many_it_may_is_no_flood()
    {
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync(
            "{upstream: up, limits: {streams: 1}}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}", loops: 1, time: new ManualTime());
        using (var client = gateway.Connect2())
        {
            for (var at = 0; at < 100; at++)
            {
                client.Get();
            }

            for (var at = 1; at < 100; at++)
            {
                Assert.That(client.ReadOne(FrameKind.ResetStream, FrameKind.GoAway)!.Error, Is.EqualTo(Http2Error.RefusedStream));
            }

            using var peer = new HttpWire(listener.Accept());
            peer.ReadRequest();
            peer.Respond("ok");
            Assert.That(client.ReadResponse(1).Text, Is.EqualTo("ok"));
        }

        gateway.Settle();
    }

    [Test]
    public async Task Frames_that_were_on_their_way_to_streams_that_lb_has_ended_are_passed_over_however_many_they_are()
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint, http: ", limits: {streams: 400, body: 1B}");
        using (var client = gateway.Connect2())
        {
            client.Agree();
            var streams = Enumerable.Range(0, 400).Select(_ => client.Post("/", ("content-length", "2"))).ToList();
            foreach (var _ in streams)
            {
                Assert.That(client.ReadOne(FrameKind.ResetStream, FrameKind.GoAway)!.Error, Is.EqualTo(Http2Error.NoError), "413, and the rest is not wanted");
            }

            streams.ForEach(stream => client.Data(stream, "xx", ends: true));
            Assert.That(client.ReadResponse(client.Get()).Status, Is.EqualTo(200));
        }

        gateway.Settle();
    }

    [Test]
    public async Task H17_a_hundred_large_heads_are_held_and_no_more()
    {
        using var go = new ManualResetEventSlim();
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            go.Wait(60_000);
            wire.Respond("ok");
        });
        await using var gateway = await BareGateway.ToAsync(endpoint);
        using (var client = gateway.Connect2())
        {
            var before = GC.GetTotalMemory(forceFullCollection: true);
            for (var at = 0; at < 100; at++)
            {
                client.Get("/", ("x", new string('x', 15_000)));
            }

            Assert.That(() => endpoint.Connections, Is.EqualTo(100).After(30_000, 10));
            Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(30_000_000), "all of this process, the test's endpoint too");
            go.Set();
            for (var at = 0; at < 100; at++)
            {
                Assert.That(client.ReadOne(FrameKind.Data)!.EndsStream, Is.True);
            }
        }

        gateway.Settle();
    }

    [TestCase(FrameKind.Data, 0, 1, Http2Error.ProtocolError)]
    [TestCase(FrameKind.Data, 5, 1, Http2Error.ProtocolError)]
    [TestCase(FrameKind.Headers, 0, 1, Http2Error.ProtocolError)]
    [TestCase(FrameKind.Headers, 2, 1, Http2Error.ProtocolError)]
    [TestCase(FrameKind.Headers, 1, 1, Http2Error.CompressionError)]
    [TestCase(FrameKind.Priority, 0, 5, Http2Error.ProtocolError)]
    [TestCase(FrameKind.ResetStream, 0, 4, Http2Error.ProtocolError)]
    [TestCase(FrameKind.ResetStream, 3, 4, Http2Error.ProtocolError)]
    [TestCase(FrameKind.ResetStream, 1, 3, Http2Error.FrameSizeError)]
    [TestCase(FrameKind.Settings, 1, 0, Http2Error.ProtocolError)]
    [TestCase(FrameKind.Settings, 0, 5, Http2Error.FrameSizeError)]
    [TestCase(FrameKind.PushPromise, 1, 4, Http2Error.ProtocolError)]
    [TestCase(FrameKind.Ping, 1, 8, Http2Error.ProtocolError)]
    [TestCase(FrameKind.Ping, 0, 7, Http2Error.FrameSizeError)]
    [TestCase(FrameKind.GoAway, 1, 8, Http2Error.ProtocolError)]
    [TestCase(FrameKind.GoAway, 0, 7, Http2Error.FrameSizeError)]
    [TestCase(FrameKind.WindowUpdate, 0, 3, Http2Error.FrameSizeError)]
    [TestCase(FrameKind.WindowUpdate, 3, 4, Http2Error.ProtocolError)]
    [TestCase(FrameKind.Continuation, 1, 1, Http2Error.ProtocolError)]
    [TestCase(FrameKind.Ping, 0, 16_385, Http2Error.FrameSizeError)]
    public async Task A_frame_that_cannot_be_ends_the_connection(FrameKind kind, int stream, int length, Http2Error error)
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint);
        using (var client = gateway.Connect2())
        {
            client.Send(kind, FrameFlags.EndHeaders, stream, [.. Enumerable.Repeat((byte)0xff, length)]);
            Assert.That(client.ReadGoAway(), Is.EqualTo(error));
        }

        gateway.Settle();
    }

    [TestCase(SettingId.InitialWindowSize, -1, Http2Error.FlowControlError)]
    [TestCase(SettingId.MaxFrameSize, 16_383, Http2Error.ProtocolError)]
    [TestCase(SettingId.MaxFrameSize, 1 << 24, Http2Error.ProtocolError)]
    [TestCase(SettingId.EnablePush, 2, Http2Error.ProtocolError)]
    public async Task A_setting_that_cannot_be_ends_the_connection(SettingId id, int value, Http2Error error)
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint);
        using (var client = gateway.Connect2((id, value)))
        {
            Assert.That(client.ReadGoAway(), Is.EqualTo(error));
        }

        gateway.Settle();
    }

    private static void SettleAfter(BareGateway gateway, FaultKind fault)
    {
        gateway.Settle();
        Assert.That(gateway.Listener.Metrics.FaultsOf(FaultSide.Client, fault), Is.EqualTo(1), "why the connection ended");
    }

    // Whoever floods may find its connection ended before it has sent all.
    private static void Flood(Http2Wire client, IEnumerable<byte[]> frames)
    {
        client.Socket.SendTimeout = 2_000;
        try
        {
            foreach (var piece in frames.Chunk(200))
            {
                client.Send([.. piece.SelectMany(frame => frame)]);
            }
        }
        catch (SocketException)
        {
        }
    }
}

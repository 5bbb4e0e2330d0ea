using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What only HTTP/2 has: streams, their windows, their ends. Seen frame by frame.</summary>
internal sealed class Http2Scenarios
{
    private const int Window = 65_535;

    private HttpEndpoint _endpoint = null!;

    [SetUp]
    public void Listen() => _endpoint = new HttpEndpoint("ok");

    [TearDown]
    public void Close() => _endpoint.Dispose();

    [Test]
    public async Task A_request_and_its_response_come_through_as_frames()
    {
        using var endpoint = new HttpEndpoint((wire, _) => wire.Respond("hello", "X-First: 1\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\nConnection: X-Gone\r\nX-Gone: 1\r\nKeep-Alive: 5\r\n"));
        await using var gateway = await BareGateway.ToAsync(endpoint);
        using (var client = gateway.Connect2())
        {
            var response = client.ReadResponse(client.Get("/path?q=1", ("x-lower", "a"), ("accept", "one"), ("accept", "two")));
            var request = endpoint.Requests.Single();
            Assert.Multiple(() =>
            {
                Assert.That(request.FirstLine, Is.EqualTo("GET /path?q=1 HTTP/1.1"));
                Assert.That(request.Fields.Take(4), Is.EqualTo(new[] { "Host: test", "x-lower: a", "accept: one", "accept: two" }));
                Assert.That(request["Via"], Is.EqualTo("2.0 lb"));
                Assert.That((response.Status, response.Text), Is.EqualTo((200, "hello")));
                Assert.That(response.Fields, Is.EqualTo(new[] { "content-length: 5", "x-first: 1", "set-cookie: a=1", "set-cookie: b=2", "via: 1.1 lb" }));
            });
        }

        gateway.Settle();
    }

    [Test]
    public async Task What_is_announced_is_what_the_file_says()
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint, http: ", limits: {streams: 7, head: 4KiB}");
        using var client = gateway.Connect2();
        var settings = client.ReadOne(FrameKind.Settings)!.Payload.Chunk(6).Select(setting => ((SettingId)((setting[0] << 8) | setting[1]), (setting[4] << 8) | setting[5]));
        Assert.That(settings, Is.EqualTo(new[] { (SettingId.MaxConcurrentStreams, 7), (SettingId.MaxHeaderListSize, 4096), (SettingId.EnableConnectProtocol, 1) }));
    }

    [Test]
    public async Task Streams_are_answered_as_they_are_ready_and_not_in_their_order()
    {
        using var go = new ManualResetEventSlim();
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            if (request.FirstLine.Contains("slow", StringComparison.Ordinal))
            {
                go.Wait(Loopback.TimeoutMs);
            }

            wire.Respond(request.FirstLine.Split(' ')[1]);
        });
        await using var gateway = await BareGateway.ToAsync(endpoint);
        using (var client = gateway.Connect2())
        {
            var slow = client.Get("/slow");
            for (var at = 0; at < 5; at++)
            {
                Assert.That(client.ReadResponse(client.Get($"/{at}")).Text, Is.EqualTo($"/{at}"));
            }

            go.Set();
            Assert.That(client.ReadResponse(slow).Text, Is.EqualTo("/slow"));
        }

        gateway.Settle();
    }

    [Test]
    public async Task An_upload_has_a_window_that_is_opened_as_the_endpoint_takes_it()
    {
        using var listener = Loopback.Listen();
        listener.ReceiveBufferSize = 16 * 1024;
        await using var gateway = await BareGateway.StartAsync("{upstream: up, limits: {body: none}}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}");
        using (var client = gateway.Connect2())
        {
            var stream = client.Post();
            using var peer = new HttpWire(listener.Accept());
            peer.ReadHead();
            client.Data(stream, new byte[Window]);

            // The kernel's buffers take some, and it is credited; an endpoint that reads nothing stops it sooner or later.
            var credited = Window;
            for (var frame = client.Read(500); frame is not null; frame = client.Read(500))
            {
                if (frame.Kind == FrameKind.WindowUpdate && frame.StreamId == stream)
                {
                    credited += frame.Number;
                    client.Data(stream, new byte[frame.Number]);
                }
            }

            var other = client.Get("/other");
            using var peerOfOther = new HttpWire(listener.Accept());
            peerOfOther.ReadHead();
            peerOfOther.Respond("other");
            Assert.That(client.ReadResponse(other).Text, Is.EqualTo("other"), "the others go on");

            // Chunked, as no length was told.
            var reading = Task.Run(() => Enumerable.Range(0, credited / 1000).Sum(_ => peer.ReadBytes(1000).Length));
            Assert.That(client.ReadOne(FrameKind.WindowUpdate)!.Number, Is.GreaterThan(0), "as it takes more, more may come");
            await reading;
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_body_beyond_its_window_ends_the_connection()
    {
        using var listener = Loopback.Listen();
        listener.ReceiveBufferSize = 16 * 1024;
        await using var gateway = await BareGateway.StartAsync("{upstream: up, limits: {body: none}}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}");
        using (var client = gateway.Connect2())
        {
            var stream = client.Post();
            using var peer = new HttpWire(listener.Accept());
            peer.ReadHead();
            try
            {
                // More than the kernel takes for an endpoint that reads nothing.
                for (var at = 0; at < 4_000; at++)
                {
                    client.Data(stream, new byte[16 * 1024]);
                }
            }
            catch (SocketException)
            {
            }

            Assert.That(client.ReadGoAway(), Is.EqualTo(Http2Error.FlowControlError).Or.Null);
        }

        gateway.Settle();
        Assert.That(gateway.Listener.Metrics.FaultsOf(FaultSide.Client, FaultKind.Http2Invalid), Is.EqualTo(1));
    }

    [Test]
    public async Task A_download_goes_as_far_as_the_windows_of_stream_and_connection_let_it()
    {
        var bytes = Loopback.Pattern(300_000);
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            wire.Send($"HTTP/1.1 200 OK\r\nContent-Length: {bytes.Length}\r\n\r\n");
            wire.Send(bytes);
        });
        await using var gateway = await BareGateway.ToAsync(endpoint);
        using (var client = gateway.Connect2((SettingId.InitialWindowSize, 1000)))
        {
            client.OpensWindows = false;
            var stream = client.Get();
            client.ReadHead(stream, out _);
            Assert.That(client.ReadOf(stream).Payload, Has.Length.EqualTo(1000));
            Assert.That(client.Socket.Poll(100_000, SelectMode.SelectRead), Is.False);

            client.Send(FrameKind.WindowUpdate, FrameFlags.None, stream, Http2Wire.Number(500));
            Assert.That(client.ReadOf(stream).Payload, Has.Length.EqualTo(500));

            // A smaller window makes a debt (RFC 9113 section 6.9.2).
            client.Send(FrameKind.Settings, FrameFlags.None, 0, 0, 4, 0, 0, 0, 0);
            client.Send(FrameKind.WindowUpdate, FrameFlags.None, stream, Http2Wire.Number(1000));
            Assert.That(client.ReadOne(FrameKind.Settings)!.Flags, Is.EqualTo(FrameFlags.Ack));
            Assert.That(client.Socket.Poll(100_000, SelectMode.SelectRead), Is.False);
            client.Send(FrameKind.Settings, FrameFlags.None, 0, 0, 4, 0x7f, 0, 0, 0);

            // Now only the connection's holds it.
            var left = Window - 1500;
            while (left > 0)
            {
                left -= client.ReadOf(stream).Payload.Length;
            }

            Assert.That(left, Is.Zero);
            Assert.That(client.Socket.Poll(100_000, SelectMode.SelectRead), Is.False);
            client.Send(FrameKind.WindowUpdate, FrameFlags.None, 0, Http2Wire.Number(int.MaxValue));
            using var rest = new MemoryStream();
            Http2Frame frame;
            do
            {
                frame = client.ReadOf(stream);
                rest.Write(frame.Payload);
            }
            while (!frame.EndsStream);
            Assert.That(rest.ToArray().AsSpan().SequenceEqual(bytes.AsSpan(Window)), Is.True);
        }

        gateway.Settle();
    }

    [Test]
    public async Task Large_responses_take_turns_a_frame_each()
    {
        var bytes = Loopback.Pattern(1_000_000);
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            wire.Send($"HTTP/1.1 200 OK\r\nContent-Length: {bytes.Length}\r\n\r\n");
            wire.Send(bytes);
        });
        await using var gateway = await BareGateway.ToAsync(endpoint);
        using (var client = gateway.Connect2((SettingId.InitialWindowSize, 0)))
        {
            client.OpensWindows = false;
            var streams = Enumerable.Range(0, 4).Select(_ => client.Get()).ToList();
            streams.ForEach(_ => client.ReadOne(FrameKind.Headers));
            client.Send(FrameKind.WindowUpdate, FrameFlags.None, 0, Http2Wire.Number(100_000_000));
            client.Send(FrameKind.Settings, FrameFlags.None, 0, 0, 4, 0x7f, 0, 0, 0);
            var got = streams.ToDictionary(stream => stream, _ => new MemoryStream());
            var order = new List<int>();
            while (got.Values.Any(body => body.Length < bytes.Length))
            {
                var frame = client.ReadOne(FrameKind.Data)!;
                Assert.That(frame.Payload, Has.Length.LessThanOrEqualTo(16 * 1024));
                got[frame.StreamId].Write(frame.Payload);
                order.Add(frame.StreamId);
            }

            Assert.That(got.Values.All(body => body.ToArray().AsSpan().SequenceEqual(bytes)), Is.True);
            Assert.That(order.Take(8).Distinct().Count(), Is.GreaterThan(1), "nobody waits for another's end");
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_client_that_reads_nothing_of_one_stream_costs_a_buffer_and_not_the_others()
    {
        var bytes = new byte[10_000_000];
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            if (request.FirstLine.Contains("large", StringComparison.Ordinal))
            {
                wire.Send($"HTTP/1.1 200 OK\r\nContent-Length: {bytes.Length}\r\n\r\n");
                wire.Send(bytes);
            }
            else
            {
                wire.Respond("small");
            }
        });
        await using var gateway = await BareGateway.ToAsync(endpoint);
        using (var client = gateway.Connect2())
        {
            client.OpensWindows = false;
            client.Send(FrameKind.WindowUpdate, FrameFlags.None, 0, Http2Wire.Number(100_000_000));
            client.Get("/large");
            for (var at = 0; at < 50; at++)
            {
                Assert.That(client.ReadResponse(client.Get("/small")).Text, Is.EqualTo("small"));
            }

            Assert.That((await gateway.LookAsync()).Rented, Is.LessThanOrEqualTo(16), "blocks");
        }

        gateway.Settle();
    }

    [Test]
    public async Task D2_a_client_that_never_opens_its_window_is_given_up()
    {
        using var endpoint = new HttpEndpoint((wire, _) => wire.Respond(new string('x', 1000)));
        await using var gateway = await BareGateway.ToAsync(endpoint, http: ", timeouts: {body: 200ms}");
        using (var client = gateway.Connect2((SettingId.InitialWindowSize, 0)))
        {
            var stream = client.Get();
            client.ReadHead(stream, out _);
            var reset = client.ReadOf(stream);
            Assert.That((reset.Kind, reset.Error), Is.EqualTo((FrameKind.ResetStream, Http2Error.Cancel)));
        }

        gateway.Settle();
    }

    [Test]
    public async Task Trailers_come_through_both_ways_behind_a_body_that_is_streamed()
    {
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}");
        using (var client = gateway.Connect2())
        {
            // As gRPC does: each side answers for what the other has just sent.
            var stream = client.Post("/svc/Method", ("te", "trailers"), ("content-type", "application/grpc"));
            using var peer = new HttpWire(listener.Accept());
            peer.Socket.ReceiveTimeout = Loopback.TimeoutMs;
            Assert.That(peer.ReadHead()["TE"], Is.EqualTo("trailers"));
            peer.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/grpc\r\n\r\n");
            Assert.That(client.ReadHead(stream, out _)["content-type"], Is.EqualTo("application/grpc"));
            for (var at = 0; at < 5; at++)
            {
                client.Data(stream, "ping!");
                Assert.That(Encoding.ASCII.GetString(peer.ReadBytes(10)), Is.EqualTo("5\r\nping!\r\n"));
                peer.Send("4\r\npong\r\n");
                Assert.That(Encoding.ASCII.GetString(client.ReadOf(stream).Payload), Is.EqualTo("pong"));
            }

            client.Send(FrameKind.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, stream, Http2Wire.Block([("checksum", "1"), ("x-user", "7")]));
            Assert.That(Encoding.ASCII.GetString(peer.ReadBytes(18)), Is.EqualTo("0\r\nchecksum: 1\r\n\r\n"));
            peer.Send("0\r\ngrpc-status: 0\r\nGrpc-Message: fine\r\n\r\n");
            var trailers = client.ReadOf(stream);
            Assert.That((trailers.Kind, trailers.EndsStream), Is.EqualTo((FrameKind.Headers, true)));
            Assert.That(client.Fields(trailers), Is.EqualTo(new[] { "grpc-status: 0", "grpc-message: fine" }));
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_response_before_the_end_of_the_body_is_whole_and_then_the_stream_is_reset_without_an_error()
    {
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}");
        using (var client = gateway.Connect2())
        {
            var stream = client.Post();
            using var peer = new HttpWire(listener.Accept());
            peer.ReadHead();
            peer.Respond("too much", status: "413 Content Too Large");
            Assert.That(client.ReadResponse(stream).Status, Is.EqualTo(413));
            var reset = client.ReadOf(stream);
            Assert.That((reset.Kind, reset.Error), Is.EqualTo((FrameKind.ResetStream, Http2Error.NoError)));

            // What was on its way is passed over, trailers too, and the connection goes on.
            client.Data(stream, "more");
            client.Send(FrameKind.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, stream, Http2Wire.Block([("a", "b")]));
            var next = client.Get();
            using var fresh = new HttpWire(listener.Accept());
            fresh.ReadRequest();
            fresh.Respond("next");
            Assert.That(client.ReadResponse(next).Text, Is.EqualTo("next"));
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_stream_that_the_client_resets_ends_the_endpoints_work_and_no_other_stream()
    {
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}", access: LogDestination.File);
        using (var client = gateway.Connect2())
        {
            var stays = client.Get("/stays");
            using var peer = new HttpWire(listener.Accept());
            peer.ReadRequest();
            var goes = client.Get("/goes");
            using var gone = new HttpWire(listener.Accept());
            gone.Socket.ReceiveTimeout = Loopback.TimeoutMs;
            gone.ReadRequest();
            client.Send(FrameKind.ResetStream, FrameFlags.None, goes, Http2Wire.Number((int)Http2Error.Cancel));
            Assert.That(gone.IsCutOff(), Is.True, "the endpoint hears of it");
            peer.Respond("stays");
            Assert.That(client.ReadResponse(stays).Text, Is.EqualTo("stays"));
        }

        gateway.Settle();
        Assert.That(() => File.ReadAllText(gateway.AccessPath), Does.Contain("\"status\":499").And.Contain("client_closed").After(Loopback.TimeoutMs, 20));
    }

    [Test]
    public async Task An_endpoint_that_dies_within_its_response_resets_the_stream_alone()
    {
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            if (request.FirstLine.Contains("half", StringComparison.Ordinal))
            {
                wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
                throw new OperationCanceledException();
            }

            wire.Respond("whole");
        });
        await using var gateway = await BareGateway.ToAsync(endpoint);
        using (var client = gateway.Connect2())
        {
            var stream = client.Get("/half");
            client.ReadHead(stream, out _);
            var frame = client.ReadOf(stream);
            while (frame.Kind == FrameKind.Data)
            {
                Assert.That(frame.EndsStream, Is.False);
                frame = client.ReadOf(stream);
            }

            Assert.That((frame.Kind, frame.Error), Is.EqualTo((FrameKind.ResetStream, Http2Error.InternalError)));
            Assert.That(client.ReadResponse(client.Get()).Text, Is.EqualTo("whole"));
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_WebSocket_comes_through_by_an_extended_connect()
    {
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}");
        using (var client = gateway.Connect2())
        {
            var stream = client.Open([(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/chat"), (":authority", "test"), ("sec-websocket-version", "13")], ends: false);
            using var peer = new HttpWire(listener.Accept());
            peer.Socket.ReceiveTimeout = Loopback.TimeoutMs;
            var request = peer.ReadHead();
            Assert.That((request.FirstLine, request["Upgrade"], request["Connection"], request["sec-websocket-version"]), Is.EqualTo(("GET /chat HTTP/1.1", "websocket", "Upgrade", "13")));
            peer.Send(WebSocketAnswer.To(request, "Sec-WebSocket-Protocol: chat\r\n") + "hi");
            var head = client.ReadHead(stream, out var ended);
            Assert.That((head.Status, head["sec-websocket-protocol"], head["sec-websocket-accept"], ended), Is.EqualTo((200, "chat", (string?)null, false)));
            Assert.That(Encoding.ASCII.GetString(client.ReadOf(stream).Payload), Is.EqualTo("hi"));
            client.Data(stream, "hello");
            Assert.That(Encoding.ASCII.GetString(peer.ReadBytes(5)), Is.EqualTo("hello"));

            // The end of one half, and then of the other.
            client.Data(stream, "bye", ends: true);
            Assert.That(Encoding.ASCII.GetString(peer.ReadBytes(3)), Is.EqualTo("bye"));
            Assert.That(peer.HasEnded(), Is.True);
            peer.Send("still");
            Assert.That(Encoding.ASCII.GetString(client.ReadOf(stream).Payload), Is.EqualTo("still"));
            peer.Dispose();
            Assert.That(client.ReadOf(stream).EndsStream, Is.True);
        }

        gateway.Settle();
    }

    [Test]
    public async Task W4_what_a_client_sends_before_the_endpoint_agrees_waits_and_a_WebSocket_that_is_silent_ends()
    {
        var time = new ManualTime();
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync(
            "{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"], health: {{passive: off}}, timeouts: {{stream_idle: 1s}}}}}}",
            loops: 1, access: LogDestination.File, time: time);
        using (var client = gateway.Connect2())
        {
            client.Agree();
            var stream = client.Open([(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/chat"), (":authority", "test"), ("sec-websocket-version", "13")], ends: false);
            client.Data(stream, "early");
            using var peer = new HttpWire(listener.Accept());
            peer.Socket.ReceiveTimeout = Loopback.TimeoutMs;
            var request = peer.ReadHead();
            await PassAsync(gateway, time, TimeSpan.Zero);
            Assert.That(peer.Socket.Poll(0, SelectMode.SelectRead), Is.False, "it has not agreed");
            peer.Send(WebSocketAnswer.To(request));
            Assert.That(client.ReadHead(stream, out _).Status, Is.EqualTo(200));
            Assert.That(Encoding.ASCII.GetString(peer.ReadBytes(5)), Is.EqualTo("early"));
            await PassAsync(gateway, time, TimeSpan.FromSeconds(2));
            Assert.That(client.ReadOf(stream).Kind, Is.EqualTo(FrameKind.ResetStream));
            Assert.That(peer.IsCutOff(), Is.True);
        }

        gateway.Settle();
        Assert.That(() => File.ReadAllText(gateway.AccessPath), Does.Contain("\"idle_timeout\"").After(Loopback.TimeoutMs, 20));
    }

    [Test]
    public async Task Bodies_that_nobody_takes_fill_the_connections_window_together_and_not_a_byte_more()
    {
        // Nobody takes them because nobody is there yet.
        using var full = new FullBacklog();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{full.Address}\"], timeouts: {{connect: 60s}}}}}}");
        using (var client = gateway.Connect2())
        {
            client.Agree();
            for (var at = 0; at < 16; at++)
            {
                client.Data(client.Post(), new byte[Window]);
            }

            var last = client.Post();
            client.Data(last, new byte[16]);
            client.Send(FrameKind.Ping, FrameFlags.None, 0, new byte[8]);
            Assert.That(client.ReadOne(FrameKind.Ping, FrameKind.GoAway)!.Kind, Is.EqualTo(FrameKind.Ping), "1 MiB");
            client.Data(last, new byte[1]);
            Assert.That(client.ReadGoAway(), Is.EqualTo(Http2Error.FlowControlError));
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_WebSocket_that_its_client_resets_ends_the_endpoints()
    {
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}");
        using (var client = gateway.Connect2())
        {
            var stream = client.Open([(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/chat"), (":authority", "test")], ends: false);
            using var peer = new HttpWire(listener.Accept());
            peer.Socket.ReceiveTimeout = Loopback.TimeoutMs;
            peer.Send(WebSocketAnswer.To(peer.ReadHead()));
            client.ReadHead(stream, out _);
            client.Send(FrameKind.ResetStream, FrameFlags.None, stream, Http2Wire.Number((int)Http2Error.Cancel));
            Assert.That(peer.IsCutOff(), Is.True);
        }

        gateway.Settle();
    }

    [TestCase("foo", 501)]
    [TestCase(null, 501)]
    public async Task H16_any_other_connect_is_501(string? protocol, int status)
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint);
        using (var client = gateway.Connect2())
        {
            (string, string)[] fields = protocol is null ? [(":method", "CONNECT"), (":authority", "test:443")] : [(":method", "CONNECT"), (":protocol", protocol), (":scheme", "http"), (":path", "/"), (":authority", "test")];
            Assert.That(client.ReadResponse(client.Open(fields, ends: false)).Status, Is.EqualTo(status));
        }

        gateway.Settle();
        Assert.That(_endpoint.Requests, Is.Empty);
    }

    [Test]
    public async Task H15_streams_above_the_bound_are_refused_and_may_be_sent_again()
    {
        using var go = new ManualResetEventSlim();
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            go.Wait(Loopback.TimeoutMs);
            wire.Respond("ok");
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, http: ", limits: {streams: 10}");
        using (var client = gateway.Connect2())
        {
            var streams = Enumerable.Range(0, 15).Select(_ => client.Get()).ToList();
            foreach (var refused in streams.Skip(10))
            {
                var reset = client.ReadOf(refused);
                Assert.That((reset.Kind, reset.Error), Is.EqualTo((FrameKind.ResetStream, Http2Error.RefusedStream)));
            }

            go.Set();
            Assert.That(Enumerable.Range(0, 10).Select(_ => client.ReadOne(FrameKind.Data)!.EndsStream), Is.All.True);
            Assert.That(client.ReadResponse(client.Get()).Text, Is.EqualTo("ok"));
        }

        gateway.Settle();
    }

    [Test]
    public async Task H9_a_body_of_another_length_than_was_announced_is_reset([Values(4, 6)] int length)
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint);
        using (var client = gateway.Connect2())
        {
            var stream = client.Post("/", ("content-length", "5"));
            client.Data(stream, new string('x', length), ends: true);
            var reset = client.ReadOf(stream);
            Assert.That((reset.Kind, reset.Error), Is.EqualTo((FrameKind.ResetStream, Http2Error.ProtocolError)));
            Assert.That(client.ReadResponse(client.Get()).Text, Is.EqualTo("ok"), "the connection goes on");
        }

        gateway.Settle();
    }

    [TestCase("x: 1\r\ntransfer-encoding: chunked\r\ny", "v", TestName = "H1")]
    [TestCase("x", "a\r\nb: c", TestName = "H2")]
    [TestCase("x", " a", TestName = "H3")]
    [TestCase("transfer-encoding", "chunked", TestName = "H4")]
    public async Task A_malformed_head_is_reset_and_no_endpoint_sees_it(string name, string value)
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint);
        using (var client = gateway.Connect2())
        {
            var reset = client.ReadOf(client.Get("/", (name, value)));
            Assert.That((reset.Kind, reset.Error), Is.EqualTo((FrameKind.ResetStream, Http2Error.ProtocolError)));
            Assert.That(client.ReadResponse(client.Get()).Text, Is.EqualTo("ok"));
        }

        gateway.Settle();
        Assert.That(_endpoint.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task H6_https_in_the_clear_is_400_but_from_a_trusted_proxy()
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint);
        await using var behind = await BareGateway.ToAsync(_endpoint, http: ", trusted_proxies: [127.0.0.1/32]");
        (string, string)[] fields = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "test")];
        using var client = gateway.Connect2();
        Assert.That(client.ReadResponse(client.Open(fields, ends: true)).Status, Is.EqualTo(400));
        using var proxy = behind.Connect2();
        Assert.That(proxy.ReadResponse(proxy.Open(fields, ends: true)).Status, Is.EqualTo(200));
    }

    [Test]
    public async Task A_head_in_many_frames_is_one_and_one_that_is_too_large_is_431()
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint);
        using (var client = gateway.Connect2())
        {
            var block = Http2Wire.Block(Http2Wire.Request("GET", "/", ("x", new string('x', 20_000))));
            client.Send(FrameKind.Headers, FrameFlags.EndStream, 1, block[..100]);
            client.Send(FrameKind.Continuation, FrameFlags.None, 1, block[100..10_000]);
            client.Send(FrameKind.Continuation, FrameFlags.EndHeaders, 1, block[10_000..]);
            Assert.That(client.ReadResponse(1).Status, Is.EqualTo(200));

            block = Http2Wire.Block(Http2Wire.Request("GET", "/", ("x", new string('x', 33_000))));
            client.Send(FrameKind.Headers, FrameFlags.EndStream, 3, block[..16_000]);
            client.Send(FrameKind.Continuation, FrameFlags.None, 3, block[16_000..32_000]);
            client.Send(FrameKind.Continuation, FrameFlags.EndHeaders, 3, block[32_000..]);
            Assert.That(client.ReadResponse(3).Status, Is.EqualTo(431));

            // As a browser sends it that has kept far too much; the connection goes on.
            block = Http2Wire.Block(Http2Wire.Request("GET", "/", [.. Enumerable.Range(0, 25).Select(at => ("cookie", $"c{at}={new string('x', 4_000)}"))]));
            client.Send(FrameKind.Headers, FrameFlags.EndStream, 5, block[..16_000]);
            foreach (var piece in block[16_000..].Chunk(16_000))
            {
                client.Send(FrameKind.Continuation, FrameFlags.None, 5, piece);
            }

            client.Send(FrameKind.Continuation, FrameFlags.EndHeaders, 5);
            Assert.That(client.ReadResponse(5).Status, Is.EqualTo(431));
        }

        gateway.Settle();
        Assert.That(_endpoint.Requests.Single()["x"], Has.Length.EqualTo(20_000));
        Assert.That(gateway.Listener.Metrics.FaultsOf(FaultSide.Client, FaultKind.Flood), Is.Zero);
    }

    [Test]
    public async Task A_response_with_a_large_head_takes_more_than_one_frame()
    {
        using var endpoint = new HttpEndpoint((wire, _) => wire.Respond("ok", string.Concat(Enumerable.Range(0, 30).Select(at => $"X-{at}: {new string('x', 1000)}\r\n"))));
        await using var gateway = await BareGateway.ToAsync(endpoint);
        using (var client = gateway.Connect2())
        {
            var response = client.ReadResponse(client.Get());
            Assert.That((response.Text, response.Fields.Count(field => field.Length > 1000)), Is.EqualTo(("ok", 30)));
        }

        gateway.Settle();
    }

    [Test]
    public async Task Frames_come_in_whatever_pieces_with_padding_and_priorities()
    {
        using var endpoint = new HttpEndpoint((wire, request) => wire.Respond(request.Text));
        await using var gateway = await BareGateway.ToAsync(endpoint);
        using (var client = gateway.Connect2())
        {
            var block = Http2Wire.Block(Http2Wire.Request("POST", "/"));
            byte[] bytes =
            [
                .. Http2Wire.Frame(FrameKind.Headers, FrameFlags.EndHeaders | FrameFlags.Padded | FrameFlags.Priority, 1, [3, 0, 0, 0, 0, 7, .. block, 0, 0, 0]),
                .. Http2Wire.Frame(FrameKind.Priority, FrameFlags.None, 9, 0, 0, 0, 0, 1),
                .. Http2Wire.Frame((FrameKind)0x77, (FrameFlags)0xff, 1, 1, 2, 3),
                .. Http2Wire.Frame(FrameKind.Data, FrameFlags.Padded, 1, [2, .. "hel"u8, 0, 0]),
                .. Http2Wire.Frame(FrameKind.Data, FrameFlags.EndStream, 1, [.. "lo"u8]),
            ];
            foreach (var piece in bytes.Chunk(5))
            {
                client.Send(piece);
                Thread.Yield();
            }

            Assert.That(client.ReadResponse(1).Text, Is.EqualTo("hello"));
        }

        gateway.Settle();
    }

    [Test]
    public async Task Many_streams_with_bodies_both_ways_come_through_whole()
    {
        var bytes = Loopback.Pattern(200_000);
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            wire.Send($"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{request.Body.Length:x}\r\n");
            wire.Send(request.Body);
            wire.Send("\r\n0\r\n\r\n");
        });
        await using var gateway = await BareGateway.ToAsync(endpoint);
        using var client = new HttpClient { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(async at =>
        {
            using var content = new ByteArrayContent(bytes[..(bytes.Length - at)]);
            using var response = await client.PostAsync($"http://{gateway.Address}/{at}", content);
            return (await response.Content.ReadAsByteArrayAsync()).AsSpan().SequenceEqual(bytes.AsSpan(..^at));
        }));
        Assert.That(answers, Is.All.True);
    }

    [Test]
    public async Task A_listener_speaks_what_its_file_says()
    {
        await using var one = await BareGateway.ToAsync(_endpoint, http: ", protocols: [http1]");
        using (var wire = one.Connect())
        {
            Assert.That(wire.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").ReadResponse().Status, Is.EqualTo(505));
        }

        await using var two = await BareGateway.ToAsync(_endpoint, http: ", protocols: [http2]");
        using (var wire = two.Connect2())
        {
            Assert.That(wire.ReadResponse(wire.Get()).Status, Is.EqualTo(200));
        }

        using var old = two.Connect();
        old.Get("/");
        Assert.That(Encoding.Latin1.GetString(old.ReadBytes(9))[3], Is.EqualTo((char)FrameKind.Settings), "no response of HTTP/1.1");
    }

    [Test]
    public async Task A_listener_that_ends_tells_its_clients_in_two_steps_and_finishes_what_is_under_way()
    {
        using var go = new ManualResetEventSlim();
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            go.Wait(Loopback.TimeoutMs);
            wire.Respond("ok");
        });
        await using var gateway = await BareGateway.ToAsync(endpoint);
        using var client = gateway.Connect2();
        var stream = client.Get();
        Assert.That(() => endpoint.Connections, Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
        var finishing = gateway.Listener.Connections.FinishAllAsync(TimeSpan.Zero);
        var first = client.ReadOne(FrameKind.GoAway)!;
        Assert.That((first.Number, first.Error), Is.EqualTo((int.MaxValue, Http2Error.NoError)));

        // The wire answers the ping, which says that it knows.
        var second = client.ReadOne(FrameKind.GoAway)!;
        Assert.That((second.Number, second.Error), Is.EqualTo((stream, Http2Error.NoError)));
        go.Set();
        Assert.That(client.ReadResponse(stream).Text, Is.EqualTo("ok"));
        Assert.That(client.Read(), Is.Null, "closed in order");
        await finishing;
        client.Dispose();
        gateway.Settle();
    }

    [Test]
    public async Task Requests_that_a_GOAWAY_has_left_out_are_passed_over_with_all_their_frames()
    {
        var time = new ManualTime();
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}", loops: 1, time: time);
        using (var client = gateway.Connect2())
        {
            // A client that does not answer the ping, and does not know when it sends its next requests.
            client.Agree();
            client.AnswersPings = false;
            var stays = client.Get("/stays");
            using var peer = new HttpWire(listener.Accept());
            peer.ReadRequest();
            await gateway.Listener.Connections.FinishAllAsync(TimeSpan.Zero);
            await PassAsync(gateway, time, TimeSpan.FromMilliseconds(1_100));
            var left = client.Post("/left", ("content-length", "5"));
            client.Data(left, "left");
            client.Send(FrameKind.WindowUpdate, FrameFlags.None, left, Http2Wire.Number(1));
            client.Send(FrameKind.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, left, Http2Wire.Block([("a", "b")]));
            client.Send(FrameKind.ResetStream, FrameFlags.None, left, Http2Wire.Number((int)Http2Error.Cancel));
            client.Get("/left");
            Assert.That(client.ReadOne(FrameKind.GoAway)!.Number, Is.EqualTo(int.MaxValue));
            var goAway = client.ReadOne(FrameKind.GoAway)!;
            Assert.That((goAway.Number, goAway.Error), Is.EqualTo((stays, Http2Error.NoError)));
            peer.Respond("stays");
            Assert.That(client.ReadResponse(stays).Text, Is.EqualTo("stays"));
            Assert.That(client.Read(), Is.Null, "closed in order");
            Assert.That(listener.Poll(0, SelectMode.SelectRead), Is.False, "no other connection");
        }

        gateway.Settle();
        Assert.That(gateway.Listener.Metrics.FaultsOf(FaultSide.Client, FaultKind.Http2Invalid), Is.Zero);
    }

    [Test]
    public async Task What_a_GOAWAY_names_never_rises_and_what_it_leaves_out_is_not_for_nothing([Values] bool floods)
    {
        var time = new ManualTime();
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}", loops: 1, time: time);
        using (var client = gateway.Connect2())
        {
            client.Agree();
            var stays = client.Get("/stays");
            using var peer = new HttpWire(listener.Accept());
            peer.ReadRequest();
            await gateway.Listener.Connections.FinishAllAsync(TimeSpan.Zero);
            Assert.That(client.ReadOne(FrameKind.GoAway)!.Number, Is.EqualTo(int.MaxValue));
            Assert.That(client.ReadOne(FrameKind.GoAway)!.Number, Is.EqualTo(stays));
            for (var at = 0; at < (floods ? 2_010 : 1); at++)
            {
                client.Get("/left");
            }

            if (!floods)
            {
                client.Send(FrameKind.Ping, FrameFlags.None, 1, new byte[8]);
            }

            var last = client.ReadOne(FrameKind.GoAway)!;
            Assert.That((last.Number, last.Error), Is.EqualTo((stays, floods ? Http2Error.EnhanceYourCalm : Http2Error.ProtocolError)));
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_client_that_still_takes_what_it_was_sent_before_the_GOAWAY_has_not_heard_it()
    {
        var (sent, time) = (0L, new ManualTime());
        var bytes = new byte[32_000_000];
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            if (request.FirstLine.Contains("late", StringComparison.Ordinal))
            {
                wire.Respond("late");
                return;
            }

            wire.Send($"HTTP/1.1 200 OK\r\nContent-Length: {bytes.Length}\r\n\r\n");
            foreach (var piece in bytes.Chunk(64_000))
            {
                wire.Send(piece);
                Interlocked.Add(ref sent, piece.Length);
            }
        });
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{{HttpGateway.Upstream("up", "", endpoint)}}}", loops: 1, time: time);
        using (var client = gateway.Connect2((SettingId.InitialWindowSize, int.MaxValue)))
        {
            client.Agree();
            client.OpensWindows = false;
            client.Send(FrameKind.WindowUpdate, FrameFlags.None, 0, Http2Wire.Number(int.MaxValue - Window));
            var large = client.Get("/large");
            var last = 0L;
            Assert.That(() => Interlocked.Exchange(ref last, Interlocked.Read(ref sent)) == Interlocked.Read(ref sent) && last > 0, Is.True.After(Loopback.TimeoutMs, 300));
            Assert.That(sent, Is.LessThan(bytes.Length), "all the buffers on the way are full");
            await gateway.Listener.Connections.FinishAllAsync(TimeSpan.Zero);
            for (var second = 0; second < 3; second++)
            {
                await PassAsync(gateway, time, TimeSpan.FromMilliseconds(1_100));
            }

            var late = client.Get("/late");
            Assert.That(() => endpoint.Requests.Count, Is.EqualTo(2).After(Loopback.TimeoutMs, 20));
            var (got, answered, ended) = (0, false, false);
            while (!answered || !ended)
            {
                var frame = client.Read()!;
                Assert.That(frame.Kind, Is.Not.EqualTo(FrameKind.ResetStream));
                got += frame is { Kind: FrameKind.Data } && frame.StreamId == large ? frame.Payload.Length : 0;
                answered |= frame.StreamId == late && frame.EndsStream;
                ended |= frame.StreamId == large && frame.EndsStream;
            }

            Assert.That(got, Is.EqualTo(bytes.Length));
        }

        gateway.Settle();
    }

    [Test]
    public async Task Padding_and_what_nobody_read_of_streams_that_were_reset_leave_the_windows_as_they_were()
    {
        // Each many times what the connection's window lets through.
        using var listener = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{path: /taken, upstream: up, limits: {body: none}}, {path: /left, upstream: silent}]}",
            $"{{{HttpGateway.Upstream("up", "", _endpoint)}, silent: {{endpoints: [\"{listener.LocalEndPoint}\"]}}}}");
        using (var client = gateway.Connect2())
        {
            client.Agree();
            var padded = (byte[])[200, .. new byte[100], .. new byte[200]];
            var stream = client.Post("/taken");
            for (var (at, left) = (0, Window); at < 12_000; at++, left -= padded.Length)
            {
                while (left < padded.Length)
                {
                    var frame = client.ReadOne(FrameKind.WindowUpdate)!;
                    left += frame.StreamId == stream ? frame.Number : 0;
                }

                client.Send(FrameKind.Data, FrameFlags.Padded, stream, padded);
            }

            client.Data(stream, default(ReadOnlySpan<byte>), ends: true);
            Assert.That(client.ReadResponse(stream).Status, Is.EqualTo(200));

            for (var at = 0; at < 50; at++)
            {
                stream = client.Post("/left");
                client.Data(stream, new byte[60_000]);
                client.Send(FrameKind.ResetStream, FrameFlags.None, stream, Http2Wire.Number((int)Http2Error.Cancel));
            }

            stream = client.Post("/taken");
            client.Data(stream, "taken", ends: true);
            Assert.That(client.ReadResponse(stream).Status, Is.EqualTo(200));
        }

        gateway.Settle();
        Assert.That(_endpoint.Requests[0].Body, Has.Length.EqualTo(1_200_000));
        Assert.That(gateway.Listener.Metrics.FaultsOf(FaultSide.Client, FaultKind.Http2Invalid), Is.Zero);
    }

    [Test]
    public async Task An_idle_connection_is_told_and_closed()
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint, http: ", timeouts: {idle: 200ms}");
        using (var client = gateway.Connect2())
        {
            Assert.That(client.ReadResponse(client.Get()).Status, Is.EqualTo(200));
            Assert.That(client.ReadGoAway(), Is.EqualTo(Http2Error.NoError));
            Assert.That(client.Read(), Is.Null);
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_client_that_only_pings_is_idle()
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint, http: ", timeouts: {head: 10s, idle: 500ms}");
        using (var client = gateway.Connect2())
        {
            client.Agree();
            Http2Frame? frame;
            do
            {
                // In two pieces, so that its rest is waited for as that of a head is, and not for longer.
                var ping = Http2Wire.Frame(FrameKind.Ping, FrameFlags.None, 0, new byte[8]);
                client.Send(ping.AsSpan(0, 5));
                client.Socket.Poll(20_000, SelectMode.SelectError);
                client.Send(ping.AsSpan(5));
                frame = client.ReadOne(FrameKind.Ping, FrameKind.GoAway);
            }
            while (frame!.Kind == FrameKind.Ping);
            Assert.That(frame.Error, Is.EqualTo(Http2Error.NoError));
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_head_that_is_never_whole_and_settings_that_are_never_known_end_the_connection()
    {
        await using var gateway = await BareGateway.ToAsync(_endpoint, http: ", timeouts: {head: 200ms}");
        using (var slow = gateway.Connect2())
        {
            slow.Agree();
            slow.Send(FrameKind.Headers, FrameFlags.EndStream, 1, Http2Wire.Block(Http2Wire.Request("GET", "/")));
            Assert.That(slow.ReadGoAway(), Is.EqualTo(Http2Error.NoError));
        }

        using (var begun = gateway.Connect2())
        {
            begun.Agree();
            begun.Send([0, 0]);
            Assert.That(begun.ReadGoAway(), Is.EqualTo(Http2Error.NoError));
        }

        using (var deaf = new HttpWire(Loopback.Connect(gateway.Address)))
        {
            deaf.Send([.. Http2Input.Preface, .. Http2Wire.Frame(FrameKind.Settings, FrameFlags.None, 0)]);
            Assert.That(Encoding.Latin1.GetString(deaf.ReadBytes(9 + 18 + 13 + 9)), Is.Not.Empty);
            var goAway = deaf.ReadBytes(17);
            Assert.That((goAway[3], goAway[16]), Is.EqualTo(((byte)FrameKind.GoAway, (byte)Http2Error.SettingsTimeout)));
        }

        gateway.Settle();
    }

    // The loop looks at its clock in its next turn.
    private static async Task PassAsync(BareGateway gateway, ManualTime time, TimeSpan by)
    {
        time.Advance(by);
        await gateway.Loops.Loops[0].RunAsync(_ => { }, null);
        await gateway.Loops.Loops[0].RunAsync(_ => { }, null);
    }
}

using System.Net.Sockets;
using System.Text;
using LoadBalancer.Endpoints;
using LoadBalancer.Http.Forwarding.Http2;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>HTTP/2 to endpoints, seen frame by frame from theirs.</summary>
internal sealed class Http2UpstreamScenarios
{
    private const int ManyBytes = 3_000_000;

    [Test]
    public async Task A_connection_that_ends_is_one_failure_however_many_were_on_it()
    {
        using var dying = new Http2Endpoint(wire =>
        {
            for (var request = 0; request < 6; request++)
            {
                wire.ReadRequest();
            }

            wire.Socket.Abort();
        });
        await using var gateway = await BareGateway.StartAsync(
            "{upstream: up, defaults: {retry: off}}",
            $"{{up: {{endpoints: [\"{dying.Address}\"], protocol: http2, health: {{passive: {{failures: 5, consecutive: 5}}}}}}}}",
            loops: 1);
        var clients = Enumerable.Range(0, 6).Select(_ => gateway.Connect()).ToList();
        clients.ForEach(client => client.Get("/"));
        Assert.That(clients.Select(client => client.ReadResponse().Status), Is.All.EqualTo(502));
        clients.ForEach(client => client.Dispose());
        gateway.Settle();
        await gateway.Upstreams["up"].SettleAsync();

        // The last endpoint is never ejected, but spoken of where it would be.
        var endpoint = gateway.Upstreams["up"].View.All[0].Endpoint;
        Assert.That((endpoint.Load.Failed, endpoint.Health.Transitions(TransitionKind.Spared)), Is.EqualTo((6, 0)));
    }

    [Test]
    public async Task A_request_and_its_response_come_through_as_frames()
    {
        IReadOnlyList<string>? asked = null;
        using var endpoint = new Http2Endpoint((wire, stream, fields) =>
        {
            asked = fields;
            wire.Headers(stream, ends: false, (":status", "201"), ("date", "Sun, 22 Nov 2026 09:00:00 GMT"), ("x-first", "1"), ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("content-length", "5"));
            wire.Data(stream, "he");
            wire.Data(stream, "llo", ends: true);
        });
        await using (var gateway = await endpoint.GatewayAsync(", host: keep"))
        {
            var response = gateway.Get("/path?q=1", "Accept: one\r\nX-Mixed: A\r\nCookie: c=d\r\nConnection: X-Gone\r\nX-Gone: 1\r\n");
            Assert.Multiple(() =>
            {
                Assert.That(asked!.Take(4), Is.EqualTo(new[] { ":method: GET", ":scheme: http", ":path: /path?q=1", ":authority: test" }));
                Assert.That(asked, Does.Contain("accept: one").And.Contain("x-mixed: A").And.Contain("cookie: c=d").And.Contain("via: 1.1 lb"));
                Assert.That(asked!.Where(field => field.StartsWith("host", StringComparison.Ordinal) || field.StartsWith("connection", StringComparison.Ordinal) || field.StartsWith("x-gone", StringComparison.Ordinal)), Is.Empty);
                Assert.That((response.Status, response.Text), Is.EqualTo((201, "hello")));
                Assert.That(response.Fields, Is.EqualTo(new[] { "date: Sun, 22 Nov 2026 09:00:00 GMT", "x-first: 1", "set-cookie: a=1", "set-cookie: b=2", "Via: 2.0 lb", "Content-Length: 5" }));
            });
            gateway.Settle();
        }
    }

    [Test]
    public async Task Bodies_and_trailers_go_both_ways()
    {
        using var endpoint = new Http2Endpoint((wire, stream, _) =>
        {
            var request = ReadBody(wire, stream);
            wire.Headers(stream, ends: false, (":status", "200"));
            Upload(wire, stream, request.Body, ofAll: int.MaxValue);
            wire.Headers(stream, ends: true, ("x-sum", string.Join(';', request.Trailers)), ("content-length", "7"));
        });
        await using var gateway = await endpoint.GatewayAsync();
        var body = Bytes(ManyBytes);
        using (var client = gateway.Connect2())
        {
            var stream = client.Post("/", ("te", "trailers"));
            Upload(client, stream, body, ofAll: 65_535);
            client.Headers(stream, ends: true, ("checked", "yes"));
            var response = client.ReadResponse(stream);
            Assert.That(response.Body.AsSpan().SequenceEqual(body), Is.True);
            Assert.That(response.Trailers, Is.EqualTo(new[] { "x-sum: checked: yes" }));
        }

        gateway.Settle();
    }

    [TestCase("", "")]
    [TestCase("TE: trailers\r\n", "x_t: 1")]
    public async Task A_client_of_HTTP1_gets_the_trailers_that_it_asked_for(string fields, string trailers)
    {
        using var endpoint = new Http2Endpoint((wire, stream, _) =>
        {
            wire.Headers(stream, ends: false, (":status", "200"));
            wire.Data(stream, "hello");
            wire.Headers(stream, ends: true, ("x_t", "1"), ("retry-after", "1"));
        });
        await using var gateway = await endpoint.GatewayAsync();
        var response = gateway.Get("/", fields);
        Assert.That((response.Text, string.Join(',', response.Trailers)), Is.EqualTo(("hello", trailers)));
        gateway.Settle();
    }

    [Test]
    public async Task Many_clients_wait_for_one_connection_and_share_it()
    {
        const int Clients = 40;
        using var endpoint = new Http2Endpoint(wire =>
        {
            var streams = Enumerable.Range(0, Clients).Select(_ => wire.ReadRequest()!.Value.Stream).ToList();
            streams.Reverse();
            foreach (var stream in streams)
            {
                wire.Respond(stream, $"to {stream}");
            }

            wire.ReadRequest();
        });
        await using var gateway = await endpoint.GatewayAsync();
        var clients = Enumerable.Range(0, Clients).Select(_ => gateway.Connect()).ToList();
        clients.ForEach(client => client.Get("/"));
        Assert.That(clients.Select(client => client.ReadResponse().Text).ToList(), Is.Unique.And.All.StartsWith("to "));
        clients.ForEach(client => client.Dispose());
        Assert.That(endpoint.Connections, Is.EqualTo(1));
        gateway.Settle();
        var metrics = gateway.Upstreams["up"].Metrics.Responses!;
        Assert.That((metrics.Opened, metrics.Idle, metrics.InUse, metrics.Reused), Is.EqualTo((1, 1, 0, Clients - 1)));
    }

    [Test]
    public async Task More_than_an_endpoint_takes_on_one_connection_go_on_another()
    {
        using var all = new CountdownEvent(6);
        using var endpoint = new Http2Endpoint(
            wire =>
            {
                var streams = Enumerable.Range(0, 2).Select(_ => wire.ReadRequest()!.Value.Stream).ToList();
                all.Signal(2);
                all.Wait(Loopback.TimeoutMs);
                streams.ForEach(stream => wire.Respond(stream, "ok"));
                wire.ReadRequest();
            },
            (SettingId.MaxConcurrentStreams, 2));
        await using var gateway = await endpoint.GatewayAsync();
        var clients = Enumerable.Range(0, 6).Select(_ => gateway.Connect()).ToList();
        clients.ForEach(client => client.Get("/"));
        Assert.That(clients.Select(client => client.ReadResponse().Status), Is.All.EqualTo(200));
        clients.ForEach(client => client.Dispose());
        Assert.That(endpoint.Connections, Is.EqualTo(3));
        gateway.Settle();
    }

    [Test]
    public async Task What_an_endpoint_has_not_looked_at_is_asked_again_on_another_connection([Values("refused", "goaway")] string how, [Values("GET", "POST")] string method, [Values("", "hello")] string body)
    {
        var connections = 0;
        using var endpoint = new Http2Endpoint(wire =>
        {
            var isFirst = Interlocked.Increment(ref connections) == 1;
            for (var count = 0; wire.ReadRequest() is var (stream, _); count++)
            {
                if (isFirst && count == 0 && body.Length > 0)
                {
                    wire.ReadOne(FrameKind.Data);
                }

                if (isFirst && count == 0 && how == "refused")
                {
                    wire.Send(FrameKind.ResetStream, FrameFlags.None, stream, Http2Wire.Number((int)Http2Error.RefusedStream));
                }
                else if (isFirst && count == 0)
                {
                    wire.Send(FrameKind.GoAway, FrameFlags.None, 0, [.. Http2Wire.Number(0), .. Http2Wire.Number(0)]);
                }
                else
                {
                    wire.Respond(stream, $"done {(body.Length > 0 ? Encoding.Latin1.GetString(ReadBody(wire, stream).Body) : "")}");
                }
            }
        });
        await using var gateway = await endpoint.GatewayAsync();
        using (var client = gateway.Connect())
        {
            var response = client.Send($"{method} / HTTP/1.1\r\nHost: test\r\nContent-Length: {body.Length}\r\n\r\n{body}").ReadResponse();
            Assert.That((response.Status, response.Text), Is.EqualTo((200, $"done {body}")));
        }

        Assert.That(endpoint.Connections, Is.EqualTo(how == "refused" ? 1 : 2));
        gateway.Settle();
    }

    [Test]
    public async Task What_is_refused_again_is_not_asked_a_third_time()
    {
        var asked = 0;
        using var endpoint = new Http2Endpoint((wire, stream, _) =>
        {
            asked++;
            wire.Send(FrameKind.ResetStream, FrameFlags.None, stream, Http2Wire.Number((int)Http2Error.RefusedStream));
        });
        await using var gateway = await endpoint.GatewayAsync(", health: {passive: off}");
        LimitScenarios.IsProblem(gateway.Get("/"), 502, "reset");
        Assert.That(asked, Is.EqualTo(2));
        gateway.Settle();
    }

    [Test]
    public async Task A_body_that_was_waited_for_is_sent_to_whoever_is_asked_again()
    {
        var asked = 0;
        using var endpoint = new Http2Endpoint((wire, stream, _) =>
        {
            if (Interlocked.Increment(ref asked) == 1)
            {
                wire.Send(FrameKind.ResetStream, FrameFlags.None, stream, Http2Wire.Number((int)Http2Error.RefusedStream));
                return;
            }

            wire.Headers(stream, ends: false, (":status", "100"));
            wire.Respond(stream, Encoding.Latin1.GetString(ReadBody(wire, stream).Body));
        });
        await using var gateway = await endpoint.GatewayAsync();
        using (var client = gateway.Connect())
        {
            client.Send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
            Assert.That(client.ReadHead().Status, Is.EqualTo(100));
            Assert.That(client.Send("hello").ReadResponse().Text, Is.EqualTo("hello"));
        }

        Assert.That(asked, Is.EqualTo(2));
        gateway.Settle();
    }

    [Test]
    public async Task A_body_that_is_not_kept_is_not_sent_again()
    {
        var asked = 0;
        using var endpoint = new Http2Endpoint((wire, stream, _) =>
        {
            asked++;
            wire.ReadOne(FrameKind.Data);
            wire.Send(FrameKind.ResetStream, FrameFlags.None, stream, Http2Wire.Number((int)Http2Error.RefusedStream));
        });
        await using var gateway = await endpoint.GatewayAsync(", health: {passive: off}", ", defaults: {retry: {buffer: 4B}}");
        using (var client = gateway.Connect())
        {
            LimitScenarios.IsProblem(client.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello").ReadResponse(), 502, "reset");
        }

        Assert.That(asked, Is.EqualTo(1));
        gateway.Settle();
    }

    [Test]
    public async Task A_stream_that_is_reset_after_its_head_never_seems_whole_and_hurts_no_other()
    {
        using var endpoint = new Http2Endpoint((wire, stream, fields) =>
        {
            if (fields.Contains(":path: /good"))
            {
                wire.Respond(stream, "good");
                return;
            }

            wire.Headers(stream, ends: false, (":status", "200"), ("content-length", "10"));
            wire.Data(stream, "hello");
            wire.Send(FrameKind.ResetStream, FrameFlags.None, stream, Http2Wire.Number((int)Http2Error.InternalError));
        });
        await using var gateway = await endpoint.GatewayAsync(", health: {passive: off}");
        using (var client = gateway.Connect())
        {
            client.Get("/bad");
            Assert.That(client.ReadHead().Status, Is.EqualTo(200));
            Assert.That(Encoding.ASCII.GetString(client.ReadBytes(5)), Is.EqualTo("hello"));
            Assert.That(() => client.ReadBytes(1), Throws.InstanceOf<EndOfStreamException>().Or.InstanceOf<SocketException>());
        }

        using (var client = gateway.Connect2())
        {
            var stream = client.Get("/bad");
            Assert.That(() => client.ReadResponse(stream), Throws.InstanceOf<EndOfStreamException>().With.Message.Contains("InternalError"));
            Assert.That(client.ReadResponse(client.Get("/good")).Text, Is.EqualTo("good"));
        }

        Assert.That(endpoint.Connections, Is.EqualTo(1));
        gateway.Settle();
    }

    [Test]
    public async Task Uploads_keep_to_the_endpoints_windows_and_a_head_passes_one_that_is_empty()
    {
        using var stalled = new ManualResetEventSlim();
        using var endpoint = new Http2Endpoint(wire =>
        {
            wire.OpensWindows = false;
            var first = wire.ReadRequest()!.Value.Stream;
            var body = 0;
            while (body < 65_535)
            {
                body += wire.ReadOne(FrameKind.Data)!.Payload.Length;
            }

            Assert.That(body, Is.EqualTo(65_535));
            stalled.Set();
            var second = wire.ReadRequest()!.Value.Stream;
            wire.Respond(second, "passed");
            wire.Send(FrameKind.WindowUpdate, FrameFlags.None, 0, Http2Wire.Number(1_000_000));
            wire.Send(FrameKind.WindowUpdate, FrameFlags.None, first, Http2Wire.Number(1_000_000));
            for (var ended = false; !ended;)
            {
                var frame = wire.ReadOne(FrameKind.Data)!;
                (body, ended) = (body + frame.Payload.Length, frame.EndsStream);
            }

            wire.Respond(first, $"{body}");
            wire.ReadRequest();
        });
        await using var gateway = await endpoint.GatewayAsync();
        using (var uploading = gateway.Connect())
        using (var other = gateway.Connect())
        {
            uploading.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 200000\r\n\r\n");
            uploading.Send(Bytes(200_000));
            Assert.That(stalled.Wait(Loopback.TimeoutMs), Is.True);
            Assert.That(other.Get("/").ReadResponse().Text, Is.EqualTo("passed"));
            Assert.That(uploading.ReadResponse().Text, Is.EqualTo("200000"));
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_client_that_does_not_read_holds_at_most_a_window_and_nobody_else_back()
    {
        var sent = 0;
        using var endpoint = new Http2Endpoint(wire =>
        {
            wire.OpensWindows = false;
            var large = wire.ReadRequest()!.Value.Stream;
            wire.Headers(large, ends: false, (":status", "200"));
            for (var window = 65_535; ;)
            {
                while (window > 0)
                {
                    var count = Math.Min(window, FrameHeader.MostPayload);
                    wire.Data(large, new byte[count]);
                    window -= count;
                    Interlocked.Add(ref sent, count);
                }

                var frame = wire.Read() ?? throw new EndOfStreamException();
                if (frame.Kind == FrameKind.Headers)
                {
                    wire.Fields(frame);
                    wire.Respond(frame.StreamId, "small");
                }

                window += frame is { Kind: FrameKind.WindowUpdate, StreamId: not 0 } ? frame.Number : 0;
            }
        });
        await using var gateway = await endpoint.GatewayAsync();
        using (var slow = gateway.Connect2((SettingId.InitialWindowSize, 0)))
        using (var other = gateway.Connect())
        {
            slow.Get("/large");
            Assert.That(() => Volatile.Read(ref sent), Is.GreaterThanOrEqualTo(65_535).After(Loopback.TimeoutMs, 20));
            for (var at = 0; at < 20; at++)
            {
                Assert.That(other.Get("/small").ReadResponse().Text, Is.EqualTo("small"));
            }

            // What waits for the endpoint, and what it took of that for the client.
            Assert.That(sent, Is.LessThanOrEqualTo(2 * 65_535));
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_stream_that_does_not_end_after_a_whole_response_costs_the_client_nothing_but_a_moment()
    {
        using var endpoint = new Http2Endpoint((wire, stream, fields) =>
        {
            switch (fields[2])
            {
                case ":path: /head":
                    wire.Headers(stream, ends: false, (":status", "200"), ("content-length", "77"));
                    break;
                case ":path: /length":
                    wire.Headers(stream, ends: false, (":status", "200"), ("content-length", "5"));
                    wire.Data(stream, "hello");
                    break;
                default:
                    wire.Respond(stream, "next");
                    break;
            }
        });
        await using var gateway = await endpoint.GatewayAsync();
        using (var client = gateway.Connect())
        {
            Assert.That(client.Send("HEAD /head HTTP/1.1\r\nHost: test\r\n\r\n").ReadResponse(toHead: true).Status, Is.EqualTo(200));
            Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("next"));
            Assert.That(client.Get("/length").ReadResponse().Text, Is.EqualTo("hello"));
            Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("next"));
        }

        gateway.Settle();
    }

    [Test]
    public async Task Interim_responses_pass_and_heads_without_body_have_none()
    {
        using var endpoint = new Http2Endpoint((wire, stream, fields) =>
        {
            var path = fields[2][":path: /".Length..];
            if (path == "103")
            {
                wire.Headers(stream, ends: false, (":status", "103"), ("link", "</a>"));
                wire.Respond(stream, "late");
            }
            else if (path == "head")
            {
                wire.Headers(stream, ends: true, (":status", "200"), ("content-length", "77"));
            }
            else
            {
                wire.Headers(stream, ends: true, (":status", path));
            }
        });
        await using var gateway = await endpoint.GatewayAsync();
        using (var client = gateway.Connect())
        {
            var early = client.Get("/103").ReadResponse();
            Assert.That((early.Status, early["link"]), Is.EqualTo((103, "</a>")));
            Assert.That(client.ReadResponse().Text, Is.EqualTo("late"));
            var head = client.Send("HEAD /head HTTP/1.1\r\nHost: test\r\n\r\n").ReadResponse(toHead: true);
            Assert.That((head.Status, head["Content-Length"]), Is.EqualTo((200, "77")));
            Assert.That(client.Get("/204").ReadResponse().Status, Is.EqualTo(204));
            Assert.That(client.Get("/304").ReadResponse().Status, Is.EqualTo(304));
            var empty = client.Get("/200").ReadResponse();
            Assert.That((empty.Status, empty["Content-Length"], empty.Text), Is.EqualTo((200, "0", "")));
        }

        gateway.Settle();
    }

    [TestCase(":status", "99")]
    [TestCase(":status", "20")]
    [TestCase(":status", "2000")]
    [TestCase(":status", "101")]
    [TestCase("x-a", "1")]
    [TestCase(":status", "200", "X-A", "1")]
    [TestCase(":status", "200", "x a", "1")]
    [TestCase(":status", "200", "x-a", "1\r\nX-B: 2")]
    [TestCase(":status", "200", "x-a", "1\0")]
    [TestCase(":status", "200", "connection", "close")]
    [TestCase(":status", "200", "transfer-encoding", "chunked")]
    [TestCase(":status", "200", ":status", "200")]
    [TestCase(":status", "200", ":path", "/")]
    [TestCase("x-a", "1", ":status", "200")]
    [TestCase(":status", "200", "content-length", "+5")]
    [TestCase(":status", "200", "content-length", "5, 5")]
    [TestCase(":status", "200", "content-length", "99999999999999999999")]
    public async Task S18_a_head_that_breaks_the_rules_is_502_and_the_connection_goes_on(params string[] fields)
    {
        using var endpoint = new Http2Endpoint((wire, stream, asked) =>
        {
            if (asked.Contains(":path: /good"))
            {
                wire.Respond(stream, "good");
                return;
            }

            wire.Headers(stream, ends: false, [.. fields.Chunk(2).Select(field => (field[0], field[1]))]);
            wire.Data(stream, "hello", ends: true);
        });
        await using var gateway = await endpoint.GatewayAsync(", health: {passive: off}");
        LimitScenarios.IsProblem(gateway.Get("/bad"), 502, "response_invalid");
        Assert.That(gateway.Get("/good").Text, Is.EqualTo("good"));
        Assert.That(endpoint.Connections, Is.EqualTo(1));
        gateway.Settle();
    }

    [Test]
    public async Task A_body_of_another_length_than_announced_never_seems_whole([Values(3, 9)] int length)
    {
        using var endpoint = new Http2Endpoint((wire, stream, _) =>
        {
            wire.Headers(stream, ends: false, (":status", "200"), ("content-length", "5"));
            wire.Data(stream, new string('x', length), ends: true);
        });
        await using var gateway = await endpoint.GatewayAsync(", health: {passive: off}");
        using (var client = gateway.Connect2())
        {
            var stream = client.Get();
            Assert.That(() => client.ReadResponse(stream), Throws.InstanceOf<EndOfStreamException>());
        }

        gateway.Settle();
    }

    [Test]
    public async Task H18_a_head_with_a_hundred_thousand_fields_is_502_and_so_is_one_without_end()
    {
        using var endpoint = new Http2Endpoint((wire, stream, fields) =>
        {
            // A field of the static table is one byte: a hundred thousand are seven frames.
            var isEndless = fields.Contains(":path: /endless");
            wire.Send(FrameKind.Headers, FrameFlags.None, stream, [0x88, .. Enumerable.Repeat((byte)(0x80 | 16), 16_000)]);
            for (var at = 1; at < (isEndless ? 1000 : 7); at++)
            {
                wire.Send(FrameKind.Continuation, at == 6 && !isEndless ? FrameFlags.EndHeaders : FrameFlags.None, stream, [.. Enumerable.Repeat((byte)(0x80 | 16), 16_000)]);
            }

            if (!isEndless)
            {
                wire.Data(stream, "hello", ends: true);
            }
        });
        await using var gateway = await endpoint.GatewayAsync(", health: {passive: off}");
        LimitScenarios.IsProblem(gateway.Get("/many"), 502, "response_head_too_large");
        LimitScenarios.IsProblem(gateway.Get("/many"), 502, "response_head_too_large");
        Assert.That(endpoint.Connections, Is.EqualTo(1));
        LimitScenarios.IsProblem(gateway.Get("/endless"), 502, "response_invalid");
        gateway.Settle();
    }

    [TestCase("data on an idle stream")]
    [TestCase("head on an idle stream")]
    [TestCase("head on an even stream")]
    [TestCase("push")]
    [TestCase("data after the end")]
    [TestCase("head after the end")]
    [TestCase("a window that is too large")]
    [TestCase("no block")]
    [TestCase("a frame that is too large")]
    [TestCase("another frame within a head")]
    [TestCase("pings without end")]
    [TestCase("settings without end")]
    [TestCase("empty frames without end")]
    [TestCase("no word more, closed")]
    public async Task An_endpoint_that_breaks_the_rules_of_the_connection_loses_it_and_nothing_is_left(string how)
    {
        var isWell = false;
        using var endpoint = new Http2Endpoint(wire =>
        {
            wire.OpensWindows = false;
            if (Volatile.Read(ref isWell))
            {
                while (wire.ReadRequest() is var (stream, _))
                {
                    wire.Respond(stream, "well");
                }

                return;
            }

            var victim = wire.ReadRequest()!.Value.Stream;
            var second = wire.ReadRequest()!.Value.Stream;
            switch (how)
            {
                case "data on an idle stream":
                    wire.Data(second + 2, "hello");
                    break;
                case "head on an idle stream":
                    wire.Headers(second + 2, ends: true, (":status", "200"));
                    break;
                case "head on an even stream":
                    wire.Headers(2, ends: true, (":status", "200"));
                    break;
                case "push":
                    wire.Send(FrameKind.PushPromise, FrameFlags.EndHeaders, victim, [0, 0, 0, 2, .. Http2Wire.Block(Http2Wire.Request("GET", "/"))]);
                    break;
                case "data after the end":
                    wire.Respond(second, "whole");
                    wire.Data(second, "more");
                    break;
                case "head after the end":
                    wire.Respond(second, "whole");
                    wire.Headers(second, ends: true, (":status", "200"));
                    break;
                case "a window that is too large":
                    wire.Send(FrameKind.WindowUpdate, FrameFlags.None, 0, Http2Wire.Number(int.MaxValue));
                    break;
                case "no block":
                    wire.Send(FrameKind.Headers, FrameFlags.EndHeaders, victim, 0xff, 0xff, 0xff);
                    break;
                case "a frame that is too large":
                    wire.Send(FrameKind.Data, FrameFlags.None, victim, new byte[16_385]);
                    break;
                case "another frame within a head":
                    wire.Send(FrameKind.Headers, FrameFlags.None, victim, 0x88);
                    wire.Send(FrameKind.Ping, FrameFlags.None, 0, new byte[8]);
                    break;
                case "pings without end":
                    Flood(wire, Http2Wire.Frame(FrameKind.Ping, FrameFlags.None, 0, new byte[8]));
                    break;
                case "settings without end":
                    Flood(wire, Http2Wire.Frame(FrameKind.Settings, FrameFlags.None, 0));
                    break;
                case "empty frames without end":
                    wire.Headers(victim, ends: false, (":status", "200"));
                    Flood(wire, Http2Wire.Frame(FrameKind.Data, FrameFlags.None, victim));
                    break;
            }

            if (!how.EndsWith("closed", StringComparison.Ordinal))
            {
                wire.ReadGoAway();
            }
        });
        await using var gateway = await endpoint.GatewayAsync(", health: {passive: off}");
        using (var victim = gateway.Connect())
        using (var second = gateway.Connect())
        {
            victim.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
            second.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
            foreach (var client in new[] { victim, second })
            {
                try
                {
                    Assert.That(client.ReadHead().Status, Is.EqualTo(502).Or.EqualTo(200));
                }
                catch (Exception error) when (error is EndOfStreamException or SocketException)
                {
                    // Its response had begun.
                }
            }
        }

        Volatile.Write(ref isWell, true);
        Assert.That(gateway.Get("/").Text, Is.EqualTo("well"));
        gateway.Settle();
        var reports = gateway.Http2Reports.Select(report => (report.Endpoint, report.ByEndpoint)).ToArray();
        Assert.That(reports, how.EndsWith("closed", StringComparison.Ordinal) ? Is.Empty : Is.EqualTo(new[] { ($"{endpoint.Address}", false) }), "what operators are told");
        Assert.That(gateway.Http2Reports.Select(report => report.Reason), how.EndsWith("without end", StringComparison.Ordinal) ? Is.All.EqualTo("ENHANCE_YOUR_CALM") : Is.All.EndsWith("_ERROR").Or.EqualTo("STREAM_CLOSED"));
    }

    [Test]
    public async Task What_an_endpoint_says_when_it_ends_the_connection_for_an_error_is_told_to_operators()
    {
        using var endpoint = new Http2Endpoint(wire =>
        {
            var stream = wire.ReadRequest()!.Value.Stream;
            wire.Respond(stream, "last");
            wire.Send(FrameKind.GoAway, FrameFlags.None, 0, [.. Http2Wire.Number(stream), .. Http2Wire.Number((int)Http2Error.EnhanceYourCalm), .. "too_many_pings\n"u8]);
            wire.ReadGoAway();
        });
        await using var gateway = await endpoint.GatewayAsync(", health: {passive: off}");
        Assert.That(gateway.Get("/").Text, Is.EqualTo("last"));
        Assert.That(() => gateway.Http2Reports, Is.EqualTo(new[] { new Http2Report($"{endpoint.Address}", true, "ENHANCE_YOUR_CALM: 'too_many_pings?'") }).After(Loopback.TimeoutMs, 10));
        gateway.SettleAll();
    }

    [Test]
    public async Task An_endpoint_that_sends_beyond_a_window_loses_its_connection()
    {
        using var endpoint = new Http2Endpoint(wire =>
        {
            wire.OpensWindows = false;
            var stream = wire.ReadRequest()!.Value.Stream;
            wire.Headers(stream, ends: false, (":status", "200"));
            wire.Data(stream, new byte[200_000]);
            wire.ReadGoAway();
        });
        await using var gateway = await endpoint.GatewayAsync(", health: {passive: off}");
        using (var client = gateway.Connect2((SettingId.InitialWindowSize, 0)))
        {
            client.Get();
            Assert.That(() => endpoint.Connections - endpoint.Open, Is.EqualTo(1).After(Loopback.TimeoutMs, 10));
        }

        gateway.Settle();
    }

    [Test]
    public async Task Pings_and_settings_are_answered()
    {
        using var answered = new ManualResetEventSlim();
        using var endpoint = new Http2Endpoint(wire =>
        {
            var stream = wire.ReadRequest()!.Value.Stream;
            wire.Send(FrameKind.Ping, FrameFlags.None, 0, "12345678"u8.ToArray());
            var pong = wire.ReadOne(FrameKind.Ping)!;
            wire.Respond(stream, $"{pong.Flags} {Encoding.ASCII.GetString(pong.Payload)}");
            wire.ReadRequest();
        });
        await using var gateway = await endpoint.GatewayAsync();
        Assert.That(gateway.Get("/").Text, Is.EqualTo($"{FrameFlags.Ack} 12345678"));
        gateway.Settle();
    }

    [Test]
    public async Task A_client_that_leaves_resets_its_stream_and_no_other()
    {
        using var asked = new ManualResetEventSlim();
        using var left = new ManualResetEventSlim();
        Http2Frame? reset = null;
        using var endpoint = new Http2Endpoint(wire =>
        {
            var first = wire.ReadRequest()!.Value.Stream;
            var second = wire.ReadRequest()!.Value.Stream;
            asked.Set();
            reset = wire.ReadOne(FrameKind.ResetStream);

            // On its way when the stream was reset.
            var (gone, stays) = reset!.StreamId == first ? (first, second) : (second, first);
            wire.Respond(gone, "for nobody");
            wire.Respond(stays, "stays");
            wire.ReadRequest();
        });
        await using var gateway = await endpoint.GatewayAsync();
        using (var stays = gateway.Connect())
        {
            using (var leaves = gateway.Connect())
            {
                leaves.Get("/");
                stays.Get("/");
                Assert.That(asked.Wait(Loopback.TimeoutMs), Is.True);
            }

            Assert.That(stays.ReadResponse().Text, Is.EqualTo("stays"));
        }

        Assert.That(reset!.Error, Is.EqualTo(Http2Error.Cancel));
        gateway.Settle();
    }

    [Test]
    public async Task An_endpoint_that_says_nothing_is_504_and_its_stream_is_reset()
    {
        Http2Frame? reset = null;
        using var endpoint = new Http2Endpoint(wire =>
        {
            wire.ReadRequest();
            reset = wire.ReadOne(FrameKind.ResetStream);
            wire.ReadRequest();
        });
        await using var gateway = await endpoint.GatewayAsync(", timeouts: {first_byte: 100ms}, health: {passive: off}");
        LimitScenarios.IsProblem(gateway.Get("/"), 504, "first_byte_timeout");
        gateway.Settle();
        Assert.That(() => Volatile.Read(ref reset)?.Error, Is.EqualTo(Http2Error.Cancel).After(Loopback.TimeoutMs, 10));
    }

    [Test]
    public async Task An_endpoint_that_stops_within_a_body_ends_the_response()
    {
        using var endpoint = new Http2Endpoint((wire, stream, _) =>
        {
            wire.Headers(stream, ends: false, (":status", "200"));
            wire.Data(stream, "hello");
        });
        await using var gateway = await endpoint.GatewayAsync(", timeouts: {between_bytes: 100ms}, health: {passive: off}");
        using (var client = gateway.Connect2())
        {
            var stream = client.Get();
            Assert.That(() => client.ReadResponse(stream), Throws.InstanceOf<EndOfStreamException>());
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_refusal_stops_the_upload_and_reaches_the_client()
    {
        using var endpoint = new Http2Endpoint((wire, stream, _) =>
        {
            wire.Headers(stream, ends: false, (":status", "413"), ("content-length", "2"));
            wire.Data(stream, "no", ends: true);
            wire.Send(FrameKind.ResetStream, FrameFlags.None, stream, Http2Wire.Number((int)Http2Error.NoError));
        });
        await using var gateway = await endpoint.GatewayAsync();
        using (var client = gateway.Connect2())
        {
            var stream = client.Post();
            client.Data(stream, new byte[1000]);
            var response = client.ReadResponse(stream);
            Assert.That((response.Status, response.Text), Is.EqualTo((413, "no")));
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_websocket_is_501()
    {
        using var endpoint = new Http2Endpoint((wire, stream, _) => wire.Respond(stream, "never"));
        await using var gateway = await endpoint.GatewayAsync();
        var response = gateway.Get("/", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
        LimitScenarios.IsProblem(response, 501, "not_implemented");
        Assert.That(endpoint.Connections, Is.Zero);
        gateway.Settle();
    }

    [Test]
    public async Task What_speaks_no_HTTP2_is_a_failed_connect()
    {
        using var endpoint = new HttpEndpoint((wire, _) => wire.Respond("HTTP/1.1 it is"));
        await using var gateway = await BareGateway.ToAsync(endpoint, ", protocol: http2, timeouts: {connect: 1s}, health: {passive: off}");
        LimitScenarios.IsProblem(gateway.Get("/"), 502, "response_invalid");
        gateway.Settle();
    }

    [Test]
    public async Task An_endpoint_that_takes_connections_and_says_nothing_is_a_connect_that_took_too_long()
    {
        using var silent = Loopback.Listen();
        await using var gateway = await BareGateway.StartAsync(
            "{upstream: up}", $"{{up: {{endpoints: \"{silent.LocalEndPoint}\", protocol: http2, timeouts: {{connect: 100ms}}, health: {{passive: off}}}}}}", loops: 1);
        LimitScenarios.IsProblem(gateway.Get("/"), 504, "connect_timeout");
        gateway.Settle();
    }

    [Test]
    public async Task The_next_endpoint_is_tried_where_one_is_down()
    {
        using var endpoint = new Http2Endpoint((wire, stream, _) => wire.Respond(stream, "up"));
        var down = Loopback.Refusing();
        await using var gateway = await BareGateway.StartAsync(
            "{upstream: up}", $"{{up: {{endpoints: [\"{down}\", \"{endpoint.Address}\"], protocol: http2, health: {{passive: off}}}}}}", loops: 1);
        Assert.That(Enumerable.Range(0, 4).Select(_ => gateway.Get("/").Text), Is.All.EqualTo("up"));
        gateway.Settle();
    }

    [Test]
    public async Task A_session_that_nobody_uses_is_closed_after_pool_idle_with_a_word()
    {
        Http2Error? word = null;
        using var endpoint = new Http2Endpoint(wire =>
        {
            wire.Respond(wire.ReadRequest()!.Value.Stream, "ok");
            word = wire.ReadGoAway();
        });
        await using var gateway = await endpoint.GatewayAsync(", timeouts: {pool_idle: 100ms}");
        Assert.That(gateway.Get("/").Text, Is.EqualTo("ok"));
        gateway.SettleAll();
        Assert.That(() => word, Is.EqualTo(Http2Error.NoError).After(Loopback.TimeoutMs, 10));
    }

    [Test]
    public async Task A_thousand_resets_by_clients_leave_the_connection_as_it_is()
    {
        using var endpoint = new Http2Endpoint((wire, stream, fields) =>
        {
            if (fields.Contains(":path: /good"))
            {
                wire.Respond(stream, "good");
            }
            else
            {
                // It may be reset already.
                wire.Headers(stream, ends: false, (":status", "200"));
                wire.Data(stream, "he");
            }
        });
        await using var gateway = await endpoint.GatewayAsync();
        for (var round = 0; round < 20; round++)
        {
            using var client = gateway.Connect2();
            client.Agree();
            for (var at = 0; at < 50; at++)
            {
                var stream = client.Get("/bad");
                client.Send(FrameKind.ResetStream, FrameFlags.None, stream, Http2Wire.Number((int)Http2Error.Cancel));
            }

            Assert.That(client.ReadResponse(client.Get("/good")).Text, Is.EqualTo("good"));
        }

        Assert.That(endpoint.Connections, Is.EqualTo(1));
        gateway.Settle();
    }

    private static (byte[] Body, List<string> Trailers) ReadBody(Http2Wire wire, int stream)
    {
        using var body = new MemoryStream();
        var trailers = new List<string>();
        for (var ended = false; !ended;)
        {
            var frame = wire.ReadOf(stream);
            if (frame.Kind == FrameKind.Headers)
            {
                trailers.AddRange(wire.Fields(frame));
            }
            else
            {
                Assert.That(frame.Kind, Is.EqualTo(FrameKind.Data));
                body.Write(frame.Payload);
            }

            ended = frame.EndsStream;
        }

        return (body.ToArray(), trailers);
    }

    // By what lb lets it send on a stream, and on all of them.
    private static void Upload(Http2Wire client, int stream, byte[] body, int ofAll)
    {
        var ofStream = 65_535;
        for (var at = 0; at < body.Length;)
        {
            var count = Math.Min(Math.Min(ofStream, ofAll), Math.Min(body.Length - at, FrameHeader.MostPayload));
            if (count > 0)
            {
                client.Data(stream, body.AsSpan(at, count));
                (at, ofStream, ofAll) = (at + count, ofStream - count, ofAll - count);
                continue;
            }

            var update = client.ReadOne(FrameKind.WindowUpdate)!;
            (ofStream, ofAll) = update.StreamId == 0 ? (ofStream, ofAll + update.Number) : (ofStream + update.Number, ofAll);
        }
    }

    private static void Flood(Http2Wire wire, byte[] frame)
    {
        var many = Enumerable.Repeat(frame, 1000).SelectMany(bytes => bytes).ToArray();
        for (var at = 0; at < 100; at++)
        {
            wire.Send(many);
        }
    }

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}

using System.Text;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>Endpoints of HTTP/2 that are gone without a word, on a clock of the test's own.</summary>
[CancelAfter(60_000)]
internal sealed class SilenceScenarios
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(16);

    private ManualTime _time = null!;

    [SetUp]
    public void Begin() => _time = new ManualTime();

    [Test]
    public async Task An_endpoint_that_owes_a_response_and_gives_no_sign_of_life_is_given_up()
    {
        using var came = new SemaphoreSlim(0);
        var said = "";
        using var endpoint = new Http2Endpoint(wire =>
        {
            wire.ReadRequest();
            came.Release();

            // Not as frames: those are answered.
            var bytes = new byte[1024];
            while (!said.Contains("are you?", StringComparison.Ordinal))
            {
                said += Encoding.Latin1.GetString(bytes, 0, wire.Socket.Receive(bytes));
            }

            came.Release();
            wire.Socket.Receive(bytes);
        });
        await using var gateway = await StartAsync(endpoint);
        using (var client = gateway.Connect())
        {
            // Not to be acted on twice, so that it is not tried again.
            client.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
            Assert.That(await came.WaitAsync(Loopback.TimeoutMs), Is.True);
            await PassAsync(gateway);
            Assert.That(await came.WaitAsync(Loopback.TimeoutMs), Is.True, "it is asked");
            Assert.That(endpoint.Open, Is.EqualTo(1), "it has time to answer");
            await PassAsync(gateway);
            Assert.That(client.ReadResponse().Status, Is.EqualTo(502), () => $"{endpoint.Connections} connections");
        }

        Assert.That(() => endpoint.Open, Is.Zero.After(Loopback.TimeoutMs, 5));
        gateway.Settle();
    }

    [Test]
    public async Task One_that_answers_is_left_its_time_and_not_asked_again_for_minutes()
    {
        using var came = new SemaphoreSlim(0);
        using var goes = new SemaphoreSlim(0);
        var others = 0;
        using var endpoint = new Http2Endpoint(wire =>
        {
            var stream = wire.ReadRequest()!.Value.Stream;
            came.Release();
            wire.ReadOne(FrameKind.Ping);
            wire.Headers(stream, ends: false, (":status", "200"), ("content-length", "2"));
            wire.Data(stream, "a");
            goes.Wait(Loopback.TimeoutMs);
            for (var frame = wire.Read(0); frame is not null; frame = wire.Read(0))
            {
                others += frame.Kind == FrameKind.Ping ? 1 : 0;
            }

            wire.Data(stream, "b", ends: true);
            wire.ReadRequest();
        });
        await using var gateway = await StartAsync(endpoint);
        using (var client = gateway.Connect())
        {
            client.Get("/");
            Assert.That(await came.WaitAsync(Loopback.TimeoutMs), Is.True);
            await PassAsync(gateway);

            // What follows its sign of life has come here, so that lb has heard that too.
            Assert.That((client.ReadHead().Status, Encoding.ASCII.GetString(client.ReadBytes(1))), Is.EqualTo((200, "a")));
            for (var at = 0; at < 15; at++)
            {
                await PassAsync(gateway);
            }

            goes.Release();
            Assert.That((Encoding.ASCII.GetString(client.ReadBytes(1)), others), Is.EqualTo(("b", 0)));
        }

        gateway.Settle();
    }

    [Test]
    public async Task Whoever_comes_goes_on_another_connection_while_one_that_owes_a_response_is_silent()
    {
        using var came = new SemaphoreSlim(0);
        var connections = 0;
        using var endpoint = new Http2Endpoint(wire =>
        {
            if (Interlocked.Increment(ref connections) == 1)
            {
                // Then not as frames: those are answered.
                wire.Respond(wire.ReadRequest()!.Value.Stream, "ok");
                wire.ReadRequest();
                came.Release();
                var bytes = new byte[1024];
                while (wire.Socket.Receive(bytes) > 0)
                {
                }

                return;
            }

            while (wire.ReadRequest() is var (stream, _))
            {
                wire.Respond(stream, "ok");
            }
        });
        await using var gateway = await StartAsync(endpoint);
        using (var stuck = gateway.Connect())
        {
            Assert.That(stuck.Get("/").ReadResponse().Text, Is.EqualTo("ok"));
            stuck.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
            Assert.That(await came.WaitAsync(Loopback.TimeoutMs), Is.True);
            await PassAsync(gateway);
            Assert.That(gateway.Get("/").Text, Is.EqualTo("ok"));
            Assert.That((endpoint.Connections, endpoint.Open), Is.EqualTo((2, 2)), "it has time to answer");
        }

        // Nobody is on the first any more.
        Assert.That(() => endpoint.Open, Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
        gateway.Settle();
    }

    private Task<BareGateway> StartAsync(Http2Endpoint endpoint) => BareGateway.StartAsync(
        "{routes: [{upstream: up, timeout: 1h}]}",
        $"{{up: {{endpoints: \"{endpoint.Address}\", protocol: http2, timeouts: {{first_byte: 1h, between_bytes: 1h}}, health: {{passive: off}}}}}}", loops: 1, time: _time);

    private async Task PassAsync(BareGateway gateway)
    {
        // What was sent before this was heard before it.
        foreach (var loop in gateway.Loops.Loops.ToArray())
        {
            await loop.RunAsync(static _ => { }, null);
        }

        _time.Advance(Silence);
        foreach (var loop in gateway.Loops.Loops)
        {
            loop.Wake();
        }
    }
}

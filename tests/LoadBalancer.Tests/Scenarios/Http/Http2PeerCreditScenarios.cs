using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What endpoints of HTTP/2 may do that is in order, however often, and what is not and ends one exchange alone.</summary>
[CancelAfter(120_000)]
internal sealed class Http2PeerCreditScenarios
{
    private const int Step = 4 * 1024;

    [Test]
    public async Task Credit_for_each_4_KiB_on_both_levels_is_no_flood()
    {
        // Go's net/http2 does so for whoever reads by 4 KiB, as decompressors do.
        const int Length = 32 * 1024 * 1024;
        using var endpoint = new Http2Endpoint(wire =>
        {
            wire.OpensWindows = false;
            var stream = wire.ReadRequest()!.Value.Stream;
            var (body, credited) = (0, 0);
            for (var ended = false; !ended;)
            {
                var frame = wire.ReadOne(FrameKind.Data)!;
                (body, ended) = (body + frame.Payload.Length, frame.EndsStream);
                for (; credited + Step <= body; credited += Step)
                {
                    wire.Send([
                        .. Http2Wire.Frame(FrameKind.WindowUpdate, FrameFlags.None, 0, Http2Wire.Number(Step)),
                        .. Http2Wire.Frame(FrameKind.WindowUpdate, FrameFlags.None, stream, Http2Wire.Number(Step)),
                    ]);
                }
            }

            wire.Respond(stream, $"{body}");
            wire.ReadRequest();
        });
        await using var gateway = await endpoint.GatewayAsync(", health: {passive: off}", ", limits: {body: 100MiB}");
        using (var client = gateway.Connect())
        {
            client.Send($"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {Length}\r\n\r\n");
            var part = new byte[64 * 1024];
            for (var at = 0; at < Length; at += part.Length)
            {
                client.Send(part);
            }

            Assert.That(client.ReadResponse().Text, Is.EqualTo($"{Length}"));
        }

        Assert.That(endpoint.Connections, Is.EqualTo(1));
        gateway.Settle();
    }

    [Test]
    public async Task An_interim_response_to_every_request_is_no_flood()
    {
        using var endpoint = new Http2Endpoint((wire, stream, _) =>
        {
            wire.Headers(stream, ends: false, (":status", "100"));
            wire.Headers(stream, ends: false, (":status", "103"), ("link", "</a>"));
            wire.Respond(stream, "late");
        });
        await using var gateway = await endpoint.GatewayAsync(", health: {passive: off}");
        using (var client = gateway.Connect2())
        {
            for (var request = 0; request < 500; request++)
            {
                var stream = client.Get();
                HttpMessage response;
                do
                {
                    response = client.ReadHead(stream, out _);
                }
                while (response.Status < 200);

                Assert.That(client.ReadBody(stream, response).Text, Is.EqualTo("late"));
            }
        }

        Assert.That(endpoint.Connections, Is.EqualTo(1));
        gateway.Settle();
    }

    [Test]
    public async Task Data_before_the_head_is_502_at_once_and_the_connection_goes_on([Values("", "hello")] string data)
    {
        using var endpoint = new Http2Endpoint((wire, stream, fields) =>
        {
            if (fields.Contains(":path: /good"))
            {
                wire.Respond(stream, "good");
            }
            else
            {
                wire.Data(stream, data, ends: true);
            }
        });
        await using var gateway = await endpoint.GatewayAsync(", timeouts: {first_byte: 1h}, health: {passive: off}");
        using (var client = gateway.Connect())
        {
            LimitScenarios.IsProblem(client.Get("/").ReadResponse(), 502, "response_invalid");
            Assert.That(client.Get("/good").ReadResponse().Text, Is.EqualTo("good"));
        }

        Assert.That(endpoint.Connections, Is.EqualTo(1));
        gateway.Settle();
    }

    [Test]
    public async Task A_connection_that_takes_no_streams_does_not_stay()
    {
        using var endpoint = new Http2Endpoint((wire, stream, _) => wire.Respond(stream, "never"), (SettingId.MaxConcurrentStreams, 0));
        await using var gateway = await endpoint.GatewayAsync(", timeouts: {pool_idle: 10m}, health: {passive: off}");
        for (var request = 0; request < 3; request++)
        {
            LimitScenarios.IsProblem(gateway.Get("/"), 502, "connect_refused");
        }

        Assert.That(() => endpoint.Open, Is.Zero.After(Loopback.TimeoutMs, 5));
        gateway.SettleAll();
    }
}

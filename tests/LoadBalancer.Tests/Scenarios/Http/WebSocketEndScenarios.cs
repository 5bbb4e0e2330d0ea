using System.Net.Sockets;
using System.Text.Json;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>Who has ended a WebSocket, by what the log says of it; over both carriers.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class WebSocketEndScenarios(Carrier carrier) : IOverCarriers
{
    private const string Agree = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    // A message whose text looks like a Close frame.
    private static readonly byte[] Message = [0x82, 0x02, 0x88, 0x00];
    private static readonly byte[] Close = [0x88, 0x02, 0x03, 0xE8];
    private static readonly byte[] MaskedMessage = [0x82, 0x82, 0, 0, 0, 0, 0x88, 0x00];
    private static readonly byte[] MaskedClose = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8];

    public Carrier Carrier => carrier;

    [Test]
    public async Task An_endpoint_that_ends_it_without_a_Close_frame_is_named_and_not_blamed([Values] ClientEnd after)
    {
        using var listener = Loopback.Listen();
        await using var gateway = await StartAsync(listener);
        using (var client = gateway.Connect())
        using (var peer = Open(client, listener))
        {
            peer.Send(Message);
            Assert.That(client.ReadBytes(Message.Length), Is.EqualTo(Message));
            client.Send(MaskedMessage);
            Assert.That(peer.ReadBytes(MaskedMessage.Length), Is.EqualTo(MaskedMessage));
            peer.Dispose();
            Assert.That(client.HasEnded(), Is.True, "an end in order");
            End(client, after);
        }

        await AssertLogAsync(gateway, "endpoint_closed", "upstream");
        await AssertBlameAsync(gateway, isBlamed: false);
        Assert.That(((HttpProxy)gateway.Listener.Handler!).Requests.FaultsOf(FaultSide.Upstream, FaultKind.EndpointClosed), Is.EqualTo(1));
    }

    [Test]
    public async Task One_that_resets_it_is_blamed()
    {
        using var listener = Loopback.Listen();
        await using var gateway = await StartAsync(listener);
        using (var client = gateway.Connect())
        using (var peer = Open(client, listener))
        {
            peer.Send(Message);
            Assert.That(client.ReadBytes(Message.Length), Is.EqualTo(Message));
            peer.Socket.Abort();
            Assert.That(client.IsCutOff(), Is.True);
        }

        await AssertLogAsync(gateway, "reset", "upstream");
        await AssertBlameAsync(gateway, isBlamed: true);
    }

    [Test]
    public async Task After_a_Close_frame_of_either_side_the_end_is_in_order([Values] bool ofClient, [Values] ClientEnd after)
    {
        using var listener = Loopback.Listen();
        await using var gateway = await StartAsync(listener);
        using (var client = gateway.Connect())
        using (var peer = Open(client, listener))
        {
            if (ofClient)
            {
                client.Send(MaskedMessage);
                client.Send(MaskedClose);
                peer.ReadBytes(MaskedMessage.Length + MaskedClose.Length);
            }
            else
            {
                peer.Send(Message);
                peer.Send(Close);
                client.ReadBytes(Message.Length + Close.Length);
            }

            peer.Dispose();
            Assert.That(client.HasEnded(), Is.True);
            End(client, after);
        }

        await AssertLogAsync(gateway, "ok", null);
        await AssertBlameAsync(gateway, isBlamed: false);
    }

    [Test]
    public async Task A_client_that_goes_first_is_named_where_it_does_not_finish_in_order([Values(ClientEnd.Finishes, ClientEnd.Resets)] ClientEnd how)
    {
        using var listener = Loopback.Listen();
        await using var gateway = await StartAsync(listener);
        using (var client = gateway.Connect())
        using (var peer = Open(client, listener))
        {
            client.Send(MaskedMessage);
            peer.ReadBytes(MaskedMessage.Length);
            End(client, how);
            Assert.That(how == ClientEnd.Finishes ? peer.HasEnded() : peer.IsCutOff(), Is.True);
            peer.Dispose();
            Assert.That(how == ClientEnd.Resets || client.HasEnded(), Is.True);
        }

        await (how == ClientEnd.Finishes ? AssertLogAsync(gateway, "ok", null) : AssertLogAsync(gateway, carrier == Carrier.Http1 ? "reset" : "client_closed", "client"));
        await AssertBlameAsync(gateway, isBlamed: false);
    }

    private static void End(HttpWire client, ClientEnd how)
    {
        switch (how)
        {
            case ClientEnd.Finishes:
                client.Finish();
                break;
            case ClientEnd.Resets:
                client.Reset();
                break;
            case ClientEnd.SendsAndLeaves:
                // Into a connection that nobody has any more.
                client.Send(MaskedMessage);
                client.Dispose();
                break;
            default:
                client.Dispose();
                break;
        }
    }

    private static Task<BareGateway> StartAsync(Socket listener) =>
        BareGateway.StartAsync(
            "{upstream: up}",
            $"{{up: {{endpoints: [\"{listener.LocalEndPoint}\"], circuit_breaker: {{minimum: 1, failure_ratio: 1%, open_for: 30m}}}}}}",
            access: LogDestination.File);

    private static HttpWire Open(HttpWire client, Socket listener)
    {
        client.Get("/", Agree);
        var peer = new HttpWire(listener.Accept());
        peer.Socket.ReceiveTimeout = Loopback.TimeoutMs;
        peer.Send(WebSocketAnswer.To(peer.ReadRequest()!));
        Assert.That(client.ReadResponse().Status, Is.EqualTo(101));
        return peer;
    }

    private static async Task AssertLogAsync(BareGateway gateway, string result, string? side)
    {
        gateway.Settle();
        await Assert.ThatAsync(() => Task.FromResult(File.ReadAllLines(gateway.AccessPath).Length), Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
        var line = JsonElement.Parse(File.ReadAllLines(gateway.AccessPath)[0]);
        Assert.That((line.GetProperty("status").GetInt32(), line.GetProperty("result").GetString(), line.GetProperty("side").GetString()), Is.EqualTo((101, result, side)));
    }

    private static async Task AssertBlameAsync(BareGateway gateway, bool isBlamed)
    {
        var upstream = gateway.Upstreams["up"];
        await upstream.SettleAsync();
        var endpoint = upstream.View.All[0].Endpoint;
        Assert.That(Enum.GetValues<FaultKind>().Sum(kind => endpoint.Load.Faults(kind)), Is.EqualTo(isBlamed ? 1 : 0));
        Assert.That(upstream.Circuit!.State, Is.EqualTo(isBlamed ? CircuitState.Open : CircuitState.Closed));
    }

    /// <summary>What a client does.</summary>
    public enum ClientEnd
    {
        Finishes,
        Resets,
        Leaves,
        SendsAndLeaves,
    }
}

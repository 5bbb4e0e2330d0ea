using System.Net.Sockets;
using LoadBalancer.Tests;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What <c>max_connections</c> bounds on HTTP: connections, those that lie idle and those of other loops included.</summary>
internal sealed class ConnectionRoomScenarios
{
    private const int Clients = 8;
    private const int Requests = 20;

    [TestCase(1)]
    [TestCase(3)]
    public async Task Never_has_more_connections_than_may_be_and_no_loop_starves_because_of_idle_ones_of_another(int most)
    {
        var sockets = new HashSet<Socket>();
        var peak = 0;
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            lock (sockets)
            {
                sockets.Add(wire.Socket);
                peak = Math.Max(peak, sockets.Count(IsOpen));
            }

            wire.Respond("ok");
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, $", max_connections: {most}, pending_timeout: 20s, timeouts: {{pool_idle: 10m}}");
        await AskAllAsync(gateway);

        Assert.That(new[] { peak, (await gateway.LookAsync()).Idle }, Is.All.LessThanOrEqualTo(most));
        Assert.That(RoomOf(gateway).Open, Is.InRange(1, most));
        gateway.Settle();
    }

    [TestCase(1)]
    [TestCase(2)]
    public async Task Sessions_of_HTTP2_take_turns_where_there_are_fewer_than_loops(int most)
    {
        using var endpoint = new Http2Endpoint((wire, stream, _) => wire.Respond(stream, "ok"));
        await using var gateway = await BareGateway.StartAsync(
            "{upstream: up}", $"{{up: {{endpoints: \"{endpoint.Address}\", protocol: http2, max_connections: {most}, pending_timeout: 20s, timeouts: {{pool_idle: 10m}}}}}}");
        await AskAllAsync(gateway);
        Assert.That(RoomOf(gateway).Open, Is.InRange(1, most));
        gateway.Settle();
    }

    [Test]
    public async Task A_connect_that_fails_gives_its_room_back()
    {
        using var nobody = Loopback.Listen();
        var address = nobody.LocalEndPoint!;
        nobody.Dispose();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: \"{address}\", max_connections: 1, health: {{passive: off}}}}}}");
        for (var request = 0; request < 3; request++)
        {
            Assert.That(gateway.Get("/").Status, Is.EqualTo(502));
        }

        Assert.That(RoomOf(gateway).Open, Is.Zero);
        gateway.Settle();
    }

    private static async Task AskAllAsync(BareGateway gateway)
    {
        // Enough clients for either loop to have some.
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Factory.StartNew(
            () =>
            {
                using var client = gateway.Connect();
                for (var request = 0; request < Requests; request++)
                {
                    Assert.That(client.Get("/").ReadResponse().Status, Is.EqualTo(200));
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
    }

    private static ConnectionRoom RoomOf(BareGateway gateway) =>
        gateway.Engine.Loops[0].Upstreams.Rooms.At(gateway.Upstreams["up"].View.All[0].Endpoint);

    // One that lb has closed before it opened the next has its end in its buffer.
    private static bool IsOpen(Socket socket)
    {
        try
        {
            return !(socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0);
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            return false;
        }
    }
}

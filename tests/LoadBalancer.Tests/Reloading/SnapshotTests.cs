using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Listening;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;
using LoadBalancer.Daemon.Systemd;
using LoadBalancer.Daemon.Tests.Scenarios;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Tests.Reloading;

/// <summary>The objects of a running configuration, seen from within.</summary>
internal sealed class SnapshotTests
{
    [Test]
    public async Task After_connections_dropped_at_every_moment_nothing_is_tracked_leased_watched_rented_or_due()
    {
        using var folder = new TemporaryFolder();
        using var endpoint = new EchoEndpoint('a');
        File.WriteAllText(folder["lb.yaml"], $$"""
            listeners: {all: {bind: "127.0.0.1:0", tcp: {upstream: all} } }
            upstreams: {all: {endpoints: ["{{endpoint.Address}}"]} }
            """);
        using var loops = new LoopGroup(2, TimeProvider.System, (_, error) => Assert.Fail(error.ToString()), _ => { });
        using var lines = new LoopLog(2, LogDestination.Off, TimeProvider.System, LogSink.Silent);
        var log = new ConnectionLog(lines, TimeProvider.System);
        using var activated = ActivatedSockets.FromEnvironment(ServiceEnvironment.Of(new Dictionary<string, string>(), processId: 1));
        var context = new BuildContext { Time = TimeProvider.System, Loops = 2, Seeds = new Random(1), Connections = new EpollTransport(loops, TimeSpan.FromSeconds(5)), OnBug = error => Assert.Fail(error.ToString()) };
        using var terminations = Terminations.On(loops);
        var sockets = new SocketTable(loops, activated);
        using var reloader = new Reloader(folder["lb.yaml"], _ => null, new SnapshotBuilder(loops, sockets, context, HttpProxies.On(loops, context, lines), terminations, log, LogSink.Silent, CancellationToken.None), new ConfigHistory(null, LogSink.Silent), TimeProvider.System, LogSink.Silent);
        await reloader.StartAsync(GatewayFile.Load(folder["lb.yaml"]));
        var listener = reloader.Snapshot.Listeners["all"];
        var before = await Loops(loops);

        ConnectionChurn.Drop(listener.Addresses.Single(), 4_000, seed: 7);

        var load = reloader.Snapshot.Upstreams["all"].View.All.Single().Endpoint.Load;
        Assert.That(() => (listener.Connections.Count, listener.Metrics.Active, load.Active), Is.EqualTo((0, 0L, 0)).After(2 * Loopback.TimeoutMs, 5), "tracked, counted, leased");
        Assert.That(() => Loops(loops).Result, Is.EqualTo(before).After(Loopback.TimeoutMs, 5), "sources, timers, blocks and pipes of each loop");
        Assert.That(before.Select(each => (each.Timers, each.Rented)), Is.All.EqualTo((0, 0)));
        Assert.That(listener.Metrics.Connections, Is.GreaterThan(2_000));

        await Task.WhenAll(sockets.Open.Values.Select(socket => socket.CloseAsync()));
        await reloader.Snapshot.Upstreams["all"].DisposeAsync();
    }

    private static async Task<List<(int Sources, int Timers, int Rented)>> Loops(LoopGroup loops)
    {
        var seen = new List<(int Sources, int Timers, int Rented)>();
        foreach (var loop in loops.Loops.ToArray())
        {
            await loop.RunAsync(_ => seen.Add((loop.SourceCount, loop.TimerCount, loop.SmallBlocks.Rented + loop.Blocks.Rented + loop.LargeBlocks.Rented + loop.Pipes.Rented)), null);
        }

        return seen;
    }
}

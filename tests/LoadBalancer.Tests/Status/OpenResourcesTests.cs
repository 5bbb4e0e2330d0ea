using LoadBalancer.Balancing;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Listening;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;
using LoadBalancer.Daemon.Status;
using LoadBalancer.Daemon.Systemd;
using LoadBalancer.Daemon.Tests.Reloading;
using LoadBalancer.Daemon.Tests.Scenarios;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Tests.Status;

/// <summary>What a process has open at its end, on parts that a test has by hand.</summary>
internal sealed class OpenResourcesTests
{
    [Test]
    public async Task What_was_kept_is_told_at_the_end_each_under_its_name()
    {
        using var folder = new TemporaryFolder();
        using var endpoint = new EchoEndpoint('a');
        using var other = new EchoEndpoint('b');
        Write("""kept: {endpoints: ["{1}"]}, gone: {endpoints: ["{0}"]}""");
        using var loops = new LoopGroup(1, TimeProvider.System, (_, error) => Assert.Fail(error.ToString()), _ => { });
        using var lines = new LoopLog(1, LogDestination.Off, TimeProvider.System, LogSink.Silent);
        var log = new ConnectionLog(lines, TimeProvider.System);
        using var activated = ActivatedSockets.FromEnvironment(ServiceEnvironment.Of(new Dictionary<string, string>(), processId: 1));
        var context = new BuildContext { Time = TimeProvider.System, Loops = 1, Seeds = new Random(1), Connections = new EpollTransport(loops, TimeSpan.FromSeconds(5)), OnBug = error => Assert.Fail(error.ToString()) };
        using var terminations = Terminations.On(loops);
        var sockets = new SocketTable(loops, activated);
        var proxies = HttpProxies.On(loops, context, lines);
        using var reloader = new Reloader(folder["lb.yaml"], _ => null, new SnapshotBuilder(loops, sockets, context, proxies, terminations, log, LogSink.Silent, CancellationToken.None), new ConfigHistory(null, LogSink.Silent), TimeProvider.System, LogSink.Silent);
        await reloader.StartAsync(GatewayFile.Load(folder["lb.yaml"]));

        // A lease of each upstream; then one of them leaves the file with the other's endpoint.
        Assert.That(reloader.Snapshot.Upstreams["kept"].Lease(new PickContext(0, []), out var first), Is.True);
        Assert.That(reloader.Snapshot.Upstreams["gone"].Lease(new PickContext(0, []), out var second), Is.True);
        Write("""kept: {endpoints: ["{0}"]}""");
        Assert.That((await reloader.ReloadAsync(new ReloadRequest(ReloadCause.Command))).Errors, Is.Empty);
        var loop = loops.Loops[0];
        var timer = new LoopTimer(static _ => { }, this);
        byte[] block = [];
        Exchange? copy = null;
        await loop.RunAsync(
            _ =>
            {
                loop.Schedule(timer, TimeSpan.FromMinutes(10));
                block = loop.Blocks.Rent();
                proxies.Engine.On(loop).Mirrored.Add(copy = proxies.Engine.On(loop).Exchanges.Rent());
            },
            null);
        Assert.That(reloader.Snapshot.Upstreams["kept"].Pending.Gate.TryEnter(), Is.True);

        // The socket is the one that listens.
        Assert.That(await AtEndAsync(), Is.EqualTo(new OpenResources(0, 2, 1, 0, 1, 1, 1, 1)));
        Assert.That(string.Join(' ', (await AtEndAsync()).Fields.Select(field => $"{field.Key}={field.Value}")), Is.EqualTo("connections=0 leases=2 pending=1 pool_connections=0 copies=1 sockets=1 timers=1 buffers=1"));

        first.Return(Fault.None);
        second.Return(Fault.None);
        reloader.Snapshot.Upstreams["kept"].Pending.Gate.Leave(0, Fault.None, 0);
        await loop.RunAsync(
            _ =>
            {
                loop.Cancel(timer);
                loop.Blocks.Return(block);
                proxies.Engine.On(loop).Mirrored.Remove(copy!);
                proxies.Engine.On(loop).Exchanges.Return(copy!);
            },
            null);
        await Task.WhenAll(sockets.Open.Values.Select(socket => socket.CloseAsync()));
        await reloader.Snapshot.Upstreams["kept"].DisposeAsync();
        Assert.That((await AtEndAsync()).AreNone, Is.True);

        Task<OpenResources> AtEndAsync() => OpenResources.AtEndAsync(reloader, loops, proxies.Engine, TimeProvider.System);

        void Write(string upstreams) => File.WriteAllText(folder["lb.yaml"], $$"""
            listeners: {all: {bind: "127.0.0.1:0", tcp: {upstream: kept} } }
            upstreams: { {{upstreams.Replace("{0}", $"{endpoint.Address}", StringComparison.Ordinal).Replace("{1}", $"{other.Address}", StringComparison.Ordinal)}} }
            shutdown: {drain: 0s}
            """);
    }
}

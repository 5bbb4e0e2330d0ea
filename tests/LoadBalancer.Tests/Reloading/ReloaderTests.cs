using System.Net;
using System.Runtime.CompilerServices;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Listening;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;
using LoadBalancer.Daemon.Systemd;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Tests.Reloading;

internal sealed class ReloaderTests
{
    private TemporaryFolder _folder = null!;
    private LoopGroup _loops = null!;
    private LoopLog _lines = null!;
    private TlsTerminationBuilder _terminations = null!;
    private ActivatedSockets _activated = null!;
    private Reloader _reloader = null!;

    [SetUp]
    public async Task Start()
    {
        _folder = new TemporaryFolder();
        _loops = new LoopGroup(2, TimeProvider.System, (_, error) => Assert.Fail(error.ToString()), _ => { });
        _lines = new LoopLog(2, LogDestination.Off, TimeProvider.System, LogSink.Silent);
        _activated = ActivatedSockets.FromEnvironment(ServiceEnvironment.Of(new Dictionary<string, string>(), processId: 1));
        var context = new BuildContext { Time = TimeProvider.System, Loops = 2, Seeds = new Random(1), Connections = new EpollTransport(_loops, TimeSpan.FromSeconds(5)) };
        _terminations = Terminations.On(_loops);
        var builder = new SnapshotBuilder(_loops, new SocketTable(_loops, _activated), context, HttpProxies.On(_loops, context, _lines), _terminations, new ConnectionLog(_lines, TimeProvider.System), LogSink.Silent, CancellationToken.None);
        _reloader = new Reloader(_folder["lb.yaml"], _ => null, builder, new ConfigHistory(null, LogSink.Silent), TimeProvider.System, LogSink.Silent);
        Write(round: 0);
        await _reloader.StartAsync(GatewayFile.Load(_folder["lb.yaml"]));
    }

    [TearDown]
    public async Task End()
    {
        await _reloader.Closing;
        foreach (var upstream in _reloader.Snapshot.Upstreams.Values)
        {
            await upstream.DisposeAsync();
        }

        _reloader.Dispose();
        _activated.Dispose();
        _loops.Dispose();
        _lines.Dispose();
        _terminations.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task Configurations_that_were_replaced_are_let_go()
    {
        var replaced = new List<WeakReference>();
        for (var round = 1; round <= 20; round++)
        {
            replaced.AddRange(References(_reloader.Snapshot));
            Write(round);
            Assert.That((await _reloader.ReloadAsync(new ReloadRequest(ReloadCause.Signal))).Errors, Is.Empty);
        }

        // Two that were replaced last may still lie in a frame of some thread. What must not be is that they add up.
        await _reloader.Closing;
        Assert.That(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return replaced.Count(reference => reference.IsAlive);
            },
            Is.LessThanOrEqualTo(2 * 3).After(20_000, 50), "snapshots, upstreams and proxies that something still holds");
    }

    [Test]
    public async Task What_is_equal_in_the_next_file_is_the_same_object()
    {
        var before = _reloader.Snapshot;
        await File.AppendAllTextAsync(_folder["lb.yaml"], "# a comment\n");
        Assert.That((await _reloader.ReloadAsync(new ReloadRequest(ReloadCause.Signal))).Errors, Is.Empty);
        var after = _reloader.Snapshot;
        Assert.That(after, Is.Not.SameAs(before));
        Assert.That(after.Upstreams["all"], Is.SameAs(before.Upstreams["all"]));
        Assert.That(after.Listeners["all"], Is.SameAs(before.Listeners["all"]));
    }

    [Test]
    public async Task What_no_code_expected_is_a_refusal_and_not_the_end()
    {
        _reloader.PrepareAsync = _ => throw new InvalidOperationException("nobody thought of this");
        var before = _reloader.Snapshot;
        Assert.That((await _reloader.ReloadAsync(new ReloadRequest(ReloadCause.Signal))).Errors, Is.Not.Empty);
        Assert.That(_reloader.Snapshot, Is.SameAs(before));
        Assert.That(_reloader.Outcome.Errors, Is.EqualTo(new[] { "nobody thought of this" }));
    }

    // In a frame of its own, so that no local of the test keeps them.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static List<WeakReference> References(Snapshot snapshot) =>
        [new(snapshot), .. snapshot.Upstreams.Values.Select(upstream => new WeakReference(upstream)), .. snapshot.Listeners.Values.Select(listener => new WeakReference(listener.Handler))];

    private void Write(int round) => File.WriteAllText(_folder["lb.yaml"], $$"""
        listeners:
          all: {bind: "127.0.0.1:0", tcp: {upstream: all}, timeouts: {idle: {{round + 1}}m} }
        upstreams:
          all: {endpoints: [{address: "{{new IPEndPoint(IPAddress.Loopback, 1)}}", weight: {{round + 1}}}], health: {active: {interval: 1h} } }
        """);
}

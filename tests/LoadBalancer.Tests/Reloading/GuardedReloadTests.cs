using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Listening;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;
using LoadBalancer.Daemon.Systemd;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Tests.Reloading;

/// <summary>Reloads, rollbacks and the guard of a whole configuration, on a clock of the test's own: requests are what the route's counters are told.</summary>
internal sealed class GuardedReloadTests
{
    private TemporaryFolder _folder = null!;
    private ManualTime _time = null!;
    private LoopGroup _loops = null!;
    private LoopLog _lines = null!;
    private LogSink _log = null!;
    private TlsTerminationBuilder _terminations = null!;
    private ActivatedSockets _activated = null!;
    private StateFolder _state = null!;
    private Reloader _reloader = null!;
    private int _worse;

    private string Path => _folder["lb.yaml"];

    private RouteMetrics Metrics => ((HttpProxy)_reloader.Snapshot.Listeners["web"].Handler!).Routes.Routes[0].Metrics!;

    private string Upstream => _reloader.Snapshot.Upstreams.Keys.Single();

    [SetUp]
    public void Start()
    {
        _folder = new TemporaryFolder();
        (_time, _worse) = (new ManualTime(), 0);
        _loops = new LoopGroup(1, TimeProvider.System, (_, error) => Assert.Fail(error.ToString()), _ => { });
        _lines = new LoopLog(1, LogDestination.Off, TimeProvider.System, LogSink.Silent);
        _log = new LogSink(LogDestination.File(_folder["log"]), LogStyle.Terminal, Severity.Info, TimeProvider.System);
        _activated = ActivatedSockets.FromEnvironment(ServiceEnvironment.Of(new Dictionary<string, string>(), processId: 1));
        _state = StateFolder.Open(_folder["state"], _time, LogSink.Silent);
        var context = new BuildContext { Time = TimeProvider.System, Loops = 1, Seeds = new Random(1), Connections = new EpollTransport(_loops, TimeSpan.FromSeconds(5)) };
        _terminations = Terminations.On(_loops);
        var builder = new SnapshotBuilder(_loops, new SocketTable(_loops, _activated), context, HttpProxies.On(_loops, context, _lines), _terminations, new ConnectionLog(_lines, TimeProvider.System), LogSink.Silent, CancellationToken.None);
        _reloader = new Reloader(Path, _ => null, builder, new ConfigHistory(_state, LogSink.Silent), _time, _log) { Guard = { OnWorse = () => _worse++ } };
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
        _state.Dispose();
        _activated.Dispose();
        _loops.Dispose();
        _lines.Dispose();
        _log.Dispose();
        _terminations.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task A_reload_that_fails_requests_goes_back_and_the_log_says_why()
    {
        await Run("one");
        await Reload("two");
        Serve(200, 500);
        Second();
        Assert.That(_worse, Is.EqualTo(1));
        Assert.That((await Order(ReloadCause.Guard)).Errors, Is.Empty);
        Assert.That((Upstream, _reloader.Snapshot.Origin, _reloader.Guard.Until), Is.EqualTo(("one", ConfigOrigin.Guard, (DateTimeOffset?)null)));
        Assert.That(Log(), Does.Match("error .*requests fare worse than before the reload: the guard takes it back.* listener=web route=\\S+ measure=5xx before=0 after=1 requests=200"));
    }

    // Somebody who closes a door must not find it open again.
    [TestCase("auth: keys", TestName = "A route that wants somebody to be known")]
    [TestCase("require: {roles: [admin]}", TestName = "A route that wants a role")]
    [TestCase("allow_ips: [10.0.0.0/8]", TestName = "A route that lets in fewer addresses")]
    [TestCase("cors: {origins: [\"https://a.example\"]}", TestName = "A route for the pages of one origin")]
    [TestCase("methods: [GET]", TestName = "A route that takes fewer requests")]
    public async Task What_is_meant_to_refuse_more_is_not_taken_back(string key)
    {
        await Run("one", "auth: other");
        await Reload("one", $"auth: other, {key}".Replace("auth: other, auth", "auth", StringComparison.Ordinal));
        Serve(200, 403);
        Second();
        Assert.That(_worse, Is.Zero);
        Serve(200, 503);
        Second();
        Assert.That(_reloader.Guard.Finding?.Measure, Is.EqualTo("5xx"));
    }

    [TestCase("{a: {api_keys: \"sha256:0000000000000000000000000000000000000000000000000000000000000000\"}}", false, TestName = "A consumer has another key")]
    [TestCase("{a: {api_keys: \"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\", plan: small}}", true, TestName = "A consumer has another plan")]
    public async Task Who_is_meant_by_a_provider_is_part_of_it(string consumers, bool isFound)
    {
        await Run("one", "auth: keys");
        await Reload("one", "auth: keys", consumers: consumers);
        Serve(200, 401);
        Second();
        Assert.That(_worse, Is.EqualTo(isFound ? 1 : 0));
    }

    [Test]
    public async Task A_provider_that_is_told_otherwise_is_part_of_it_and_the_order_of_routes_is_not()
    {
        await Run("one", "auth: keys, methods: [GET]}, {path: \"/*\", upstream: one, methods: [POST]");
        await Reload("one", "methods: [POST]}, {path: \"/*\", upstream: one, auth: keys, methods: [GET]", more: "# swapped");
        Serve(200, 404);
        Second();
        Assert.That(_worse, Is.EqualTo(1), "the same routes, in another order");

        await Reload("one", "auth: keys, methods: [GET]}, {path: \"/*\", upstream: one, methods: [POST]", header: "X-Other");
        Serve(200, 401);
        Second();
        Assert.That(_worse, Is.EqualTo(1));
    }

    [Test]
    public async Task No_guard_ends_the_watch_of_what_the_watcher_has_loaded_already()
    {
        await Run("one");
        await Reload("two");
        Assert.That(_reloader.Guard.Until, Is.Not.Null);
        Assert.That((await Order(ReloadCause.Command)).GuardEnded, Is.False);
        Assert.That(_reloader.Guard.Until, Is.Not.Null, "a reload that changes nothing");
        Assert.That((await _reloader.ReloadAsync(new ReloadRequest(ReloadCause.Command) { Guarded = false })).GuardEnded, Is.True);
        Serve(200, 500);
        Second();
        Assert.That((_reloader.Guard.Until, _worse, _reloader.Outcome.GuardEnded), Is.EqualTo(((DateTimeOffset?)null, 0, false)));
    }

    [Test]
    public async Task A_second_reload_during_a_watch_goes_back_to_what_ran_before_the_first()
    {
        await Run("one");
        await Reload("two");
        Serve(150, 500);
        Second();
        await Reload("three");
        Serve(200, 500);
        Second();
        Assert.That(_worse, Is.EqualTo(1));
        await Order(ReloadCause.Guard);
        Assert.That(Upstream, Is.EqualTo("one"));
    }

    [Test]
    public async Task A_rollback_that_fails_leaves_the_watch_and_one_that_succeeds_forgets_what_it_takes_back()
    {
        await Run("one");
        await Reload("two");
        Serve(100, 500);
        _reloader.PrepareAsync = _ => throw new IOException("no room");
        Assert.That((await Order(ReloadCause.Rollback)).Errors, Is.EqualTo(new[] { "no room" }));
        Assert.That(_reloader.Guard.Until, Is.Not.Null);
        _reloader.PrepareAsync = _ => Task.CompletedTask;
        Serve(99, 500);
        Assert.That((await Order(ReloadCause.Rollback)).Errors, Is.Empty);
        Assert.That((_reloader.Guard.Until, Upstream), Is.EqualTo(((DateTimeOffset?)null, "one")));

        await Reload("three");
        Serve(150, 200);
        Serve(50, 500);
        Second();
        Assert.That(_reloader.Guard.Finding?.Before, Is.Zero);
    }

    [Test]
    public async Task A_file_that_brings_back_what_ran_before_ends_the_watch_and_forgets_the_time_between()
    {
        await Run("one");
        await Reload("two");
        Serve(199, 500);
        await Reload("one");
        Assert.That(_reloader.Guard.Until, Is.Null);
        await Reload("three");
        Serve(200, 500);
        Second();
        Assert.That(_reloader.Guard.Finding?.Before, Is.Zero);
    }

    [Test]
    public async Task A_return_that_fails_by_whatever_ends_the_watch()
    {
        await Run("one");
        await Reload("two");
        Serve(200, 500);
        Second();
        _reloader.PrepareAsync = _ => throw new InvalidOperationException("nobody thought of this");
        Assert.That((await Order(ReloadCause.Guard)).Errors, Is.EqualTo(new[] { "nobody thought of this" }));
        Assert.That((_reloader.Guard.Until, _reloader.Guard.Finding, Upstream), Is.EqualTo(((DateTimeOffset?)null, (GuardFinding?)null, "two")));
    }

    [Test]
    public async Task A_guard_that_this_reload_turns_on_has_nothing_to_compare_with_and_says_so()
    {
        await Run("one", guard: "off");
        Serve(1000, 200);
        await Reload("two");
        Assert.That(_reloader.Guard.Until, Is.Null);
        Assert.That(Log(), Does.Contain("the guard does not watch this reload: it has seen too few requests before it"));
    }

    [Test]
    public void A_start_where_neither_the_file_nor_the_last_good_one_is_of_use_tells_of_both()
    {
        Write("one", "", "60s", "X-Key", Consumers, "");
        var good = GatewayFile.Load(Path, _ => null);
        File.WriteAllText(Path, "{{ half a file");
        _reloader.PrepareAsync = _ => throw new IOException("the last good one has lost its certificate");
        Assert.That(async () => await _reloader.StartAsync(GatewayFile.Load(Path, _ => null), () => good), Throws.InstanceOf<IOException>().With.Message.Contains("certificate"));
        Assert.That(Log(), Does.Contain("lb.yaml:1:").And.Contain("neither the file nor the last good configuration is of use"));
    }

    private const string Consumers = "{a: {api_keys: \"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"}}";

    private async Task Run(string upstream, string route = "", string guard = "60s")
    {
        Write(upstream, route, guard, "X-Key", Consumers, "");
        var loaded = GatewayFile.Load(Path, _ => null);
        Assert.That(loaded.Errors, Is.Empty);
        await _reloader.StartAsync(loaded);
        Serve(300, 200);
    }

    private async Task Reload(string upstream, string route = "", string header = "X-Key", string consumers = Consumers, string more = "")
    {
        Write(upstream, route, "60s", header, consumers, more);
        Assert.That((await Order(ReloadCause.Signal)).Errors, Is.Empty);
    }

    private Task<ReloadOutcome> Order(ReloadCause by) => _reloader.ReloadAsync(new ReloadRequest(by));

    private void Serve(int requests, int status)
    {
        for (var request = 0; request < requests; request++)
        {
            Metrics.Compared(0, status, TimeSpan.FromMilliseconds(2));
        }
    }

    private void Second() => _time.Advance(TimeSpan.FromSeconds(1));

    private string Log()
    {
        _log.Dispose();
        return File.ReadAllText(_folder["log"]);
    }

    private void Write(string upstream, string route, string guard, string header, string consumers, string more) => File.WriteAllText(Path, $$"""
        listeners:
          web:
            bind: "127.0.0.1:0"
            http:
              routes: [{path: "/*", upstream: {{upstream}}{{(route.Length > 0 ? ", " : "")}}{{route}} }]
        upstreams:
          {{upstream}}: {endpoints: ["127.0.0.1:1"], health: {passive: off} }
        auth:
          keys: {api_key: {header: {{header}} } }
          other: {api_key: {header: X-Other-Key} }
        consumers: {{consumers}}
        plans: {small: {rate: 1/s} }
        reload: {guard: {{guard}} }
        {{more}}
        """);
}

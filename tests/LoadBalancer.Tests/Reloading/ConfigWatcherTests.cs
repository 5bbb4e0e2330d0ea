using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.Tests.Configuration;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Reloading;

/// <summary>A watcher that a reload follows, as in the daemon. How a single file changes is in ReloadScenarios.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ConfigWatcherTests : IDisposable
{
    private readonly ConfigFolder _folder = new();
    private readonly ConfigWatcher _watcher;
    private volatile LoadResult _loaded;

    public ConfigWatcherTests()
    {
        Directory.CreateDirectory(_folder["etc/lb"]);
        File.WriteAllText(Path, Text(1));
        _loaded = GatewayFile.Load(Path);
        _watcher = new ConfigWatcher(TimeProvider.System, Reload, LogSink.Silent);
        _watcher.Watch(_loaded);
    }

    private string Path => _folder["etc/lb/lb.yaml"];

    public void Dispose()
    {
        _watcher.Dispose();
        _folder.Dispose();
    }

    [TestCase("etc/lb")]
    [TestCase("etc")]
    public void A_folder_that_was_removed_is_watched_again_when_it_is_back(string removed)
    {
        Directory.Delete(_folder[removed], recursive: true);
        Await(() => _loaded.Options is null, "the file is gone");
        Write(2);
        Write(3);
    }

    [Test]
    public void A_folder_that_is_replaced_at_once_is_watched_on()
    {
        Directory.Delete(_folder["etc/lb"], recursive: true);
        Write(2);
        Write(3);
    }

    [Test]
    public void Where_something_happens_all_the_time_it_is_looked_at_all_the_same()
    {
        var (time, looked) = (new ManualTime(), 0);
        using var watcher = new ConfigWatcher(time, () => looked++, LogSink.Silent);
        for (var at = 0; at < 20; at++)
        {
            // As an event does, it has the pause begin anew.
            watcher.Watch(new WatchedFiles([], [], static () => true));
            time.Advance(ConfigWatcher.Settle / 2);
        }

        Assert.That(looked, Is.EqualTo(2), "once a second");
    }

    [Test]
    public void A_folder_that_is_swapped_for_another_is_watched_on()
    {
        Directory.CreateDirectory(_folder["etc/next"]);
        File.WriteAllText(_folder["etc/next/lb.yaml"], Text(2));
        Directory.Move(_folder["etc/lb"], _folder["etc/old"]);
        Directory.Move(_folder["etc/next"], _folder["etc/lb"]);
        Await(() => Idle(_loaded) == 2, "what is in the other folder is loaded");
        Write(3);
    }

    private static double? Idle(LoadResult loaded) => loaded.Options?.Listeners["all"].Timeouts.Idle.TotalMinutes;

    private static string Text(int minutes) => $$"""
        listeners: {all: {bind: ":80", tcp: {upstream: all}, timeouts: {idle: {{minutes}}m} } }
        upstreams: {all: {endpoints: ["10.0.0.1:80"]} }
        """;

    private static void Await(Func<bool> holds, string what) => Assert.That(holds, Is.True.After(Loopback.TimeoutMs, 10), what);

    private void Write(int minutes)
    {
        Directory.CreateDirectory(_folder["etc/lb"]);
        File.WriteAllText(Path, Text(minutes));
        Await(() => Idle(_loaded) == minutes, $"the {minutes} minutes are loaded");
    }

    private void Reload()
    {
        _loaded = GatewayFile.Load(Path);
        _watcher.Watch(_loaded);
    }
}

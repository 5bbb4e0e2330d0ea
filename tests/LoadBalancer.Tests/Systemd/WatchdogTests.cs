using LoadBalancer.Daemon.Systemd;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Systemd;

internal sealed class WatchdogTests
{
    private readonly ManualTime _time = new();
    private TemporaryFolder _folder = null!;
    private ServiceManager _manager = null!;
    private Notifier _notifier = null!;

    [SetUp]
    public void StartManager()
    {
        _folder = new TemporaryFolder();
        _manager = new ServiceManager(_folder["notify"]);
        _notifier = new Notifier(_manager.Environment, _time, LogSink.Silent);
    }

    [TearDown]
    public void StopManager()
    {
        _notifier.Dispose();
        _manager.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void Gives_a_sign_of_life_twice_per_period()
    {
        _manager.Variables["WATCHDOG_USEC"] = "10000000";
        _manager.Variables["WATCHDOG_PID"] = "4711";
        using var watchdog = Start(() => true);
        Assert.That(watchdog.Interval, Is.EqualTo(TimeSpan.FromSeconds(5)));

        for (var turn = 0; turn < 3; turn++)
        {
            _time.Advance(TimeSpan.FromSeconds(4.9));
            Assert.That(_manager.HasMessage, Is.False);
            _time.Advance(TimeSpan.FromSeconds(0.1));
            Assert.That(_manager.Receive(), Is.EqualTo("WATCHDOG=1"));
        }
    }

    [Test]
    public void Is_silent_while_the_loops_stand_still_and_says_why()
    {
        var alive = false;
        _manager.Variables["WATCHDOG_USEC"] = "2000000";
        using (var log = new LogSink(LogDestination.File(_folder["log"]), LogStyle.Terminal, Severity.Info, _time))
        {
            using var watchdog = new Watchdog(_manager.Environment, _notifier, () => alive, _time, log);
            _time.Advance(TimeSpan.FromSeconds(3));
            Assert.That(_manager.HasMessage, Is.False);

            alive = true;
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.That(_manager.Receive(), Is.EqualTo("WATCHDOG=1"));
        }

        Assert.That(File.ReadAllText(_folder["log"]), Does.Contain("stands still").And.Contain("repeated=2"));
    }

    [Test]
    public void Stops_with_its_owner()
    {
        _manager.Variables["WATCHDOG_USEC"] = "2000000";
        Start(() => true).Dispose();
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.That(_manager.HasMessage, Is.False);
    }

    [TestCase(null, null)]
    [TestCase("2000000", "1")]
    [TestCase("soon", null)]
    [TestCase("0", null)]
    [TestCase("-5", null)]
    public void Is_off_where_the_manager_does_not_ask_this_process(string? period, string? process)
    {
        Set("WATCHDOG_USEC", period);
        Set("WATCHDOG_PID", process);
        using var watchdog = Start(() => true);
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.That(watchdog.Interval, Is.Null);
        Assert.That(_manager.HasMessage, Is.False);
        Assert.That(_manager.Variables.Keys, Has.None.StartsWith("WATCHDOG"));
    }

    private Watchdog Start(Func<bool> alive) => new(_manager.Environment, _notifier, alive, _time, LogSink.Silent);

    private void Set(string name, string? value)
    {
        if (value is not null)
        {
            _manager.Variables[name] = value;
        }
    }
}

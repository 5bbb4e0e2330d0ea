using System.Runtime.InteropServices;
using LoadBalancer.Daemon.Systemd;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Systemd;

internal sealed partial class NotifierTests
{
    private readonly ManualTime _time = new();
    private TemporaryFolder _folder = null!;
    private ServiceManager _manager = null!;

    [SetUp]
    public void StartManager()
    {
        _folder = new TemporaryFolder();
        _manager = new ServiceManager(_folder["notify"]);
    }

    [TearDown]
    public void StopManager()
    {
        _manager.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void Says_each_state_in_one_datagram()
    {
        using var notifier = new Notifier(_manager.Environment, _time, LogSink.Silent);
        _time.Advance(TimeSpan.FromSeconds(2));
        notifier.Ready("2 listeners");
        notifier.Reloading("reading lb.yaml");
        notifier.Stopping("draining");
        notifier.Status("10 connections");
        notifier.Alive();
        notifier.MainProcess(123);

        Assert.That(notifier.Active, Is.True);
        Assert.That(Enumerable.Range(0, 6).Select(_ => _manager.Receive()), Is.EqualTo(new[]
        {
            "READY=1\nSTATUS=2 listeners",
            "RELOADING=1\nMONOTONIC_USEC=2000000\nSTATUS=reading lb.yaml",
            "STOPPING=1\nSTATUS=draining",
            "STATUS=10 connections",
            "WATCHDOG=1",
            "MAINPID=123",
        }));
    }

    [TestCase(30.0, "30000000")]
    [TestCase(0.0000015, "2")]
    public void Asks_for_more_time_in_whole_microseconds(double seconds, string microseconds)
    {
        using var notifier = new Notifier(_manager.Environment, _time, LogSink.Silent);
        notifier.ExtendTimeout(TimeSpan.FromSeconds(seconds));

        Assert.That(_manager.Receive(), Is.EqualTo($"EXTEND_TIMEOUT_USEC={microseconds}"));
    }

    [Test]
    public void Stamps_a_reload_with_the_systems_monotonic_clock()
    {
        using var notifier = new Notifier(_manager.Environment, TimeProvider.System, LogSink.Silent);
        var before = MonotonicMicroseconds();
        notifier.Reloading("");
        var stamp = long.Parse(_manager.Receive().Split('\n')[1].Split('=')[1], System.Globalization.CultureInfo.InvariantCulture);

        Assert.That(stamp, Is.InRange(before, MonotonicMicroseconds()));
    }

    [Test]
    public void Reaches_an_abstract_socket()
    {
        using var manager = new ServiceManager($"@lb-test-{Guid.NewGuid():N}");
        using var notifier = new Notifier(manager.Environment, _time, LogSink.Silent);
        notifier.Alive();

        Assert.That(manager.Receive(), Is.EqualTo("WATCHDOG=1"));
    }

    [Test]
    public void Lets_no_line_feed_of_a_status_begin_another_assignment()
    {
        using var notifier = new Notifier(_manager.Environment, _time, LogSink.Silent);
        notifier.Status("a\nMAINPID=1\r\nb");

        Assert.That(_manager.Receive(), Is.EqualTo("STATUS=a MAINPID=1 b"));
    }

    [Test]
    public void Takes_its_variable_away_from_children()
    {
        using var notifier = new Notifier(_manager.Environment, _time, LogSink.Silent);

        Assert.That(_manager.Variables, Does.Not.ContainKey("NOTIFY_SOCKET"));
    }

    [Test]
    public void Does_nothing_without_a_manager()
    {
        using var notifier = new Notifier(ServiceEnvironment.Of(new Dictionary<string, string>(), 1), _time, LogSink.Silent);

        Assert.That(notifier.Active, Is.False);
        Assert.That(() => notifier.Ready("x"), Throws.Nothing);
    }

    [Test]
    public void Logs_a_manager_that_does_not_listen_once_and_goes_on()
    {
        using (var log = new LogSink(LogDestination.File(_folder["log"]), LogStyle.Terminal, Severity.Info, _time))
        {
            using var notifier = new Notifier(_manager.Environment, _time, log);
            _manager.Dispose();
            notifier.Ready("x");
            notifier.Status("y");
        }

        Assert.That(File.ReadAllLines(_folder["log"]), Has.Length.EqualTo(1).And.ItemAt(0).Contains("cannot be told").And.ItemAt(0).Contains("READY=1"));
    }

    [Test]
    public void Gives_up_after_a_while_when_the_manager_does_not_read()
    {
        using (var log = new LogSink(LogDestination.File(_folder["log"]), LogStyle.Terminal, Severity.Info, _time))
        {
            using var notifier = new Notifier(_manager.Environment, _time, log);

            // The kernel queues net.unix.max_dgram_qlen datagrams, 10 by default; the first send above that waits its second.
            var sent = 0;
            while (!log.Flush(TimeSpan.Zero) || new FileInfo(_folder["log"]).Length == 0)
            {
                notifier.Status("x");
                Assert.That(++sent, Is.LessThan(100_000), "the queue never filled");
            }
        }

        Assert.That(File.ReadAllText(_folder["log"]), Does.Contain("cannot be told"));
    }

    [TestCase("vsock:2:1234")]
    [TestCase("relative/path")]
    [TestCase("/")]
    [TestCase("@")]
    public void Is_off_with_a_warning_for_an_address_that_it_cannot_reach(string name)
    {
        using (var log = new LogSink(LogDestination.File(_folder["log"]), LogStyle.Terminal, Severity.Info, _time))
        {
            _manager.Variables["NOTIFY_SOCKET"] = name;
            using var notifier = new Notifier(_manager.Environment, _time, log);
            Assert.That(notifier.Active, Is.False);
        }

        Assert.That(File.ReadAllText(_folder["log"]), Does.Contain($"value={name}"));
    }

    private static long MonotonicMicroseconds()
    {
        const int Monotonic = 1;
        Assert.That(ReadClock(Monotonic, out var time), Is.Zero);
        return (time.Seconds * 1_000_000) + (time.Nanoseconds / 1000);
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ReadClock(int clock, out TimeSpec time);

    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}

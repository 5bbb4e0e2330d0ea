using System.Net;
using System.Runtime.Versioning;
using System.Text.Json;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Tests.Telemetry;

internal sealed class LoopLogTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly ConnectionRecord Record = new()
    {
        Listener = "web",
        Client = new IPEndPoint(IPAddress.Loopback, 1234),
        Upstream = "web",
        Endpoint = "10.0.0.1:80",
        Attempts = 1,
        ConnectTime = TimeSpan.FromMilliseconds(1),
        Duration = TimeSpan.FromSeconds(2),
    };

    private readonly ManualTime _time = new();

    [Test]
    public void Writes_each_line_from_every_loop()
    {
        using var folder = new TemporaryFolder();
        using var log = Open(folder["access.json"], loops: 3);
        var threads = Enumerable.Range(0, 3).Select(loop => new Thread(() =>
        {
            for (var connection = 0; connection < 500; connection++)
            {
                Write(log, loop, Record with { Listener = $"loop{loop}", ReceivedBytes = connection });
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.That(log.Flush(Patience), Is.True);

        var lines = File.ReadAllLines(folder["access.json"]).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        foreach (var loop in Enumerable.Range(0, 3))
        {
            var numbers = lines.Where(line => line.GetProperty("listener").GetString() == $"loop{loop}").Select(line => line.GetProperty("received_bytes").GetInt32());
            Assert.That(numbers, Is.EqualTo(Enumerable.Range(0, 500)));
        }

        Assert.That((log.Lines, log.Dropped), Is.EqualTo((1500L, 0L)));
    }

    [Test]
    public void Half_a_ring_is_written_at_once_although_lines_are_still_collected()
    {
        using var folder = new TemporaryFolder();
        using var log = new LoopLog(1, LogDestination.File(folder["access.json"]), _time, LogSink.Silent, ringBytes: 16 * 1024, batchPause: TimeSpan.FromHours(1));
        Write(log, 0, Record);
        Assert.That(log.Flush(Patience), Is.True, "the pause begins");

        // About thirty fit.
        Assert.That(
            SpinWait.SpinUntil(
                () =>
                {
                    Write(log, 0, Record);
                    return log.Lines > 100;
                },
                Patience),
            "nobody has made room");
    }

    [Test]
    public void Appends_to_what_the_file_had()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["access.json"], "{}\n");
        using (var log = Open(folder["access.json"]))
        {
            Write(log, 0, Record);
        }

        Assert.That(File.ReadAllLines(folder["access.json"]), Has.Length.EqualTo(2).And.ItemAt(0).EqualTo("{}"));
    }

    [Test]
    public void Goes_on_in_a_new_file_after_the_old_one_was_moved_away()
    {
        using var folder = new TemporaryFolder();
        using var log = Open(folder["access.json"]);
        Write(log, 0, Record with { Listener = "before" });
        File.Move(folder["access.json"], folder["access.json.1"]);
        log.Reopen();
        Assert.That(log.Flush(Patience), Is.True);
        Write(log, 0, Record with { Listener = "after" });
        Assert.That(log.Flush(Patience), Is.True);

        Assert.That(File.ReadAllText(folder["access.json.1"]), Does.Contain("before").And.Not.Contain("after"));
        Assert.That(File.ReadAllText(folder["access.json"]), Does.Contain("after").And.Not.Contain("before"));
    }

    [Test]
    public void Writes_at_the_new_end_after_the_file_was_truncated()
    {
        using var folder = new TemporaryFolder();
        using var log = Open(folder["access.json"]);
        Write(log, 0, Record);
        log.Flush(Patience);
        File.WriteAllText(folder["access.json"], "");
        Write(log, 0, Record);
        log.Flush(Patience);

        Assert.That(File.ReadAllText(folder["access.json"]), Does.StartWith("{"));
    }

    [Test]
    public void Drops_lines_instead_of_waiting_while_the_disk_is_full_and_then_goes_on_with_what_it_kept()
    {
        using var folder = new TemporaryFolder();
        File.CreateSymbolicLink(folder["access.json"], "/dev/full");
        using var log = Open(folder["access.json"], ringBytes: 4096);
        for (var connection = 0; connection < 1000; connection++)
        {
            Write(log, 0, Record with { ReceivedBytes = connection });
        }

        Assert.That(log.Flush(Patience), Is.False);
        Assert.That(log.Dropped, Is.EqualTo(1000 - log.Lines).And.GreaterThan(900));

        File.Delete(folder["access.json"]);
        log.Reopen();
        Assert.That(log.Flush(Patience), Is.True);
        var kept = File.ReadAllLines(folder["access.json"]).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("received_bytes").GetInt64()).ToList();
        Assert.That(kept, Is.EqualTo(Enumerable.Range(0, (int)log.Lines)));
    }

    [Test]
    public void Finishes_a_half_written_line_when_the_reader_goes_on()
    {
        using var folder = new TemporaryFolder();
        Assert.That(NamedPipe.Create(folder["access"]), Is.Zero);
        using var reader = NamedPipe.OpenForReading(folder["access"]);
        using var log = Open(folder["access"], ringBytes: 1024 * 1024);

        // More than a pipe holds (64 KiB), so that the last write of the first go is a partial one.
        const int Connections = 1000;
        for (var connection = 0; connection < Connections; connection++)
        {
            Write(log, 0, Record with { ReceivedBytes = connection });
        }

        using var lines = new StreamReader(reader);
        for (var connection = 0; connection < Connections; connection++)
        {
            var line = JsonDocument.Parse(lines.ReadLine()!).RootElement;
            Assert.That(line.GetProperty("received_bytes").GetInt64(), Is.EqualTo(connection));
        }
    }

    [Test]
    public void Says_once_in_the_daemons_log_that_it_cannot_write()
    {
        using var folder = new TemporaryFolder();
        using (var daemon = new LogSink(LogDestination.File(folder["lb.log"]), LogStyle.Terminal, Severity.Info, _time))
        using (var log = new LoopLog(1, LogDestination.File("/dev/full"), _time, daemon))
        {
            Write(log, 0, Record);
            log.Flush(Patience);
            Write(log, 0, Record);
            log.Flush(Patience);
        }

        var failures = File.ReadAllLines(folder["lb.log"]).Where(line => line.Contains("the access log cannot be written", StringComparison.Ordinal)).ToList();
        Assert.That(failures, Has.Count.EqualTo(1));
        Assert.That(failures[0], Does.Contain("path=/dev/full").And.Contain("No space left on device"));
    }

    [Test]
    public void Says_in_the_daemons_log_that_it_loses_lines_and_once_a_minute_how_many_so_far()
    {
        using var folder = new TemporaryFolder();
        using (var daemon = new LogSink(LogDestination.File(folder["lb.log"]), LogStyle.Terminal, Severity.Info, _time))
        using (var log = new LoopLog(1, LogDestination.File("/dev/full"), _time, daemon, ringBytes: 4096))
        {
            // The third and the fourth time come a minute after the first.
            for (var time = 1; time <= 4; time++)
            {
                for (var connection = 0; connection < 1000; connection++)
                {
                    Write(log, 0, Record);
                }

                log.Flush(Patience);
                _time.Advance(TimeSpan.FromSeconds(time == 2 ? 60 : 0));
            }

            Assert.That(log.Dropped, Is.GreaterThan(3900));
        }

        var lines = File.ReadAllLines(folder["lb.log"]);
        Assert.That(lines.Where(line => line.Contains("the access log is written too slowly: lines are dropped", StringComparison.Ordinal)).ToList(), Has.Count.EqualTo(1));
        Assert.That(lines.Where(line => line.Contains("the access log still drops lines path=/dev/full dropped=", StringComparison.Ordinal)).ToList(), Has.Count.EqualTo(1));
    }

    [Test]
    public void Keeps_the_old_file_when_the_new_one_cannot_be_opened()
    {
        using var folder = new TemporaryFolder();
        using var log = Open(folder["access.json"]);
        Assert.That(() => log.Redirect(LogDestination.File(folder["absent/access.json"])),
            Throws.InstanceOf<IOException>().With.Message.Contains("absent/access.json: No such file or directory"));
        Write(log, 0, Record);
        log.Flush(Patience);

        Assert.That(File.ReadAllLines(folder["access.json"]), Has.Length.EqualTo(1));
    }

    [Test]
    public void Is_turned_off_and_on_by_a_reload()
    {
        using var folder = new TemporaryFolder();
        using var log = Open(folder["access.json"]);
        log.Redirect(LogDestination.Off);
        Assert.That(log.Enabled, Is.False);
        Write(log, 0, Record);
        log.Redirect(LogDestination.File(folder["access.json"]));
        Write(log, 0, Record with { Listener = "again" });
        log.Flush(Patience);

        Assert.That(File.ReadAllLines(folder["access.json"]), Has.Length.EqualTo(1).And.ItemAt(0).Contains("again"));
    }

    [Test]
    [SupportedOSPlatform("linux")]
    public void Creates_a_file_that_others_cannot_read()
    {
        using var folder = new TemporaryFolder();
        using var log = Open(folder["access.json"]);

        Assert.That(File.GetUnixFileMode(folder["access.json"]) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.GroupWrite), Is.EqualTo(UnixFileMode.None));
    }

    private LoopLog Open(string path, int loops = 1, int ringBytes = 256 * 1024) =>
        new(loops, LogDestination.File(path), _time, LogSink.Silent, ringBytes);

    private void Write(LoopLog log, int loop, in ConnectionRecord record) => new ConnectionLog(log, _time).Write(loop, record);
}

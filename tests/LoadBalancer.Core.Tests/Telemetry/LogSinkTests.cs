using System.Net.Sockets;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Tests.Telemetry;

internal sealed class LogSinkTests
{
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 11, 21, 22, 27, 1, 123, TimeSpan.Zero));
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Begins_a_line_with_time_and_severity() => Assert.That(
        Lines(log =>
        {
            log.Info("listening", ("name", "web"), ("connections", 20_000));
            log.Error("cannot bind");
        }),
        Is.EqualTo(new[]
        {
            "2026-11-21T22:27:01.123Z info  listening name=web connections=20000",
            "2026-11-21T22:27:01.123Z error cannot bind",
        }));

    [TestCase(Severity.Debug, "<7>")]
    [TestCase(Severity.Info, "<6>")]
    [TestCase(Severity.Warn, "<4>")]
    [TestCase(Severity.Error, "<3>")]
    public void Gives_every_line_its_priority_for_the_journal(Severity severity, string priority)
    {
        var lines = Lines(log => log.Write(severity, Thrown(), "broken"), LogStyle.Journal);

        Assert.That(lines[0], Is.EqualTo($"{priority}broken error=\"InvalidOperationException: by a test\""));
        Assert.That(lines, Has.Length.GreaterThan(1).And.All.StartsWith(priority));
    }

    [Test]
    public void Leaves_out_what_is_less_severe_than_asked() => Assert.That(
        Lines(
            log =>
            {
                log.Debug("a");
                log.Info("b");
                log.Warn("c");
                log.Least = Severity.Debug;
                log.Debug("d");
            },
            least: Severity.Warn).Select(line => line[^1]),
        Is.EqualTo("cd"));

    [TestCase("two words", "\"two words\"")]
    [TestCase("", "\"\"")]
    [TestCase("a=b", "\"a=b\"")]
    [TestCase("say \"hi\"", "\"say \\\"hi\\\"\"")]
    [TestCase("x\nerror forged", "\"x\\nerror forged\"")]
    [TestCase("\u001b[2J", "\"\\u001b[2J\"")]
    [TestCase("\u009b2J", "\"\\u009b2J\"")]
    [TestCase(1.5, "1.5")]
    [TestCase(true, "true")]
    [TestCase(null, "none")]
    public void Prints_a_value_on_one_line_and_quotes_what_is_not_one_word(object? value, string printed) =>
        Assert.That(Lines(log => log.Info("m", ("key", value))), Is.EqualTo(new[] { $"2026-11-21T22:27:01.123Z info  m key={printed}" }));

    [Test]
    public void Prints_addresses_lists_and_times_as_the_file_would() => Assert.That(
        Lines(log => log.Info("m", ("address", new UnixDomainSocketEndPoint("/run/x")), ("names", new[] { "a", "b" }), ("after", TimeSpan.FromMilliseconds(1250)))),
        Is.EqualTo(new[] { "2026-11-21T22:27:01.123Z info  m address=unix:/run/x names=\"a, b\" after=1.25s" }));

    [Test]
    public void Writes_an_error_that_comes_a_thousand_times_once_and_then_once_a_minute_with_its_count()
    {
        var lines = Lines(log =>
        {
            for (var attempt = 0; attempt < 1000; attempt++)
            {
                log.Error("lb.yaml refused", ("at", "lb.yaml:3:1"));
            }

            _time.Advance(TimeSpan.FromMinutes(1));
            log.Error("lb.yaml refused", ("at", "lb.yaml:3:1"));
            _time.Advance(TimeSpan.FromMinutes(1));
            _time.Advance(TimeSpan.FromMinutes(1));
            log.Error("lb.yaml refused", ("at", "lb.yaml:3:1"));
        });

        Assert.That(lines, Is.EqualTo(new[]
        {
            "2026-11-21T22:27:01.123Z error lb.yaml refused at=lb.yaml:3:1",
            "2026-11-21T22:28:01.123Z error lb.yaml refused at=lb.yaml:3:1 repeated=999",
            "2026-11-21T22:29:01.123Z error lb.yaml refused at=lb.yaml:3:1 repeated=1",
            "2026-11-21T22:30:01.123Z error lb.yaml refused at=lb.yaml:3:1",
        }));
        Assert.That(_time.ActiveTimers, Is.Zero);
    }

    [Test]
    public void Keeps_errors_apart_that_differ_in_a_field_or_in_severity()
    {
        var lines = Lines(log =>
        {
            for (var time = 0; time < 2; time++)
            {
                log.Error("refused", ("file", "a"));
                log.Error("refused", ("file", "b"));
                log.Warn("refused", ("file", "a"));
                log.Info("refused", ("file", "a"));
            }
        });

        Assert.That(lines.Where(line => !line.Contains("repeated", StringComparison.Ordinal)).ToArray(), Has.Length.EqualTo(5));
        Assert.That(lines.Where(line => line.EndsWith("repeated=1", StringComparison.Ordinal)).ToArray(), Has.Length.EqualTo(3));
    }

    [Test]
    public void Remembers_a_bounded_number_of_errors()
    {
        var lines = Lines(log =>
        {
            log.Error("first");
            log.Error("first");
            for (var error = 1; error <= RepeatedLines.MostDistinct; error++)
            {
                log.Error($"error{error}");
            }

            log.Error("first");
        });

        Assert.That(lines.Where(line => line.Contains("first", StringComparison.Ordinal)).Select(line => line[31..]), Is.EqualTo(new[] { "first", "first repeated=1", "first" }));
    }

    [Test]
    public void Says_how_many_lines_found_no_room()
    {
        using var folder = new TemporaryFolder();
        Assert.That(NamedPipe.Create(folder["log"]), Is.Zero);
        using var reader = NamedPipe.OpenForReading(folder["log"]);
        using var log = new LogSink(LogDestination.File(folder["log"]), LogStyle.Terminal, Severity.Info, _time);
        for (var line = 0; log.Dropped == 0; line++)
        {
            log.Info(new string('x', 1000), ("line", line));
        }

        using var lines = new StreamReader(reader);
        log.Info("later");
        var noticed = "";
        while (!noticed.EndsWith("later", StringComparison.Ordinal))
        {
            if (!noticed.Contains("were dropped", StringComparison.Ordinal))
            {
                log.Info("later");
            }

            noticed = lines.ReadLine()!;
            if (noticed.Contains("log lines were dropped count=", StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail("a line after the gap came without a word about the gap");
    }

    [Test]
    public void Writes_nothing_when_silent()
    {
        Assert.That(LogSink.Silent.Enabled(Severity.Error), Is.False);
        Assert.That(() => LogSink.Silent.Error("x"), Throws.Nothing);
    }

    private static InvalidOperationException Thrown()
    {
        try
        {
            throw new InvalidOperationException("by a test");
        }
        catch (InvalidOperationException error)
        {
            return error;
        }
    }

    private string[] Lines(Action<LogSink> write, LogStyle style = LogStyle.Terminal, Severity least = Severity.Debug)
    {
        var path = _folder["lb.log"];
        using (var log = new LogSink(LogDestination.File(path), style, least, _time))
        {
            write(log);
        }

        return File.ReadAllLines(path);
    }
}

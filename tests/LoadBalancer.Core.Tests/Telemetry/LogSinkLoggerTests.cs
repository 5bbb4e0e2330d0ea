using LoadBalancer.Telemetry;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Tests.Telemetry;

internal sealed class LogSinkLoggerTests
{
    [Test]
    public void Passes_warnings_on_with_their_category_and_information_as_debug()
    {
        using var folder = new TemporaryFolder();
        using (var log = new LogSink(LogDestination.File(folder["log"]), LogStyle.Terminal, Severity.Debug, new ManualTime()))
        using (var factory = new LogSinkLoggerFactory(log))
        {
            var logger = factory.CreateLogger("Kestrel");
            logger.LogDebug("left out");
            logger.LogInformation("bound to {Address}", "x");
            logger.LogWarning("slow");
            logger.LogCritical(new IOException("disk"), "broken");
        }

        Assert.That(File.ReadAllLines(folder["log"]).Select(line => line[25..]), Is.EqualTo(new[]
        {
            "debug bound to x category=Kestrel",
            "warn  slow category=Kestrel",
            "error broken category=Kestrel error=\"IOException: disk\"",
        }));
    }

    [Test]
    public void Is_not_enabled_for_what_the_log_leaves_out()
    {
        using var folder = new TemporaryFolder();
        using var log = new LogSink(LogDestination.File(folder["log"]), LogStyle.Terminal, Severity.Info, new ManualTime());
        var logger = new LogSinkLogger(log, "x");

        Assert.That(Enum.GetValues<LogLevel>().Where(logger.IsEnabled), Is.EqualTo(new[] { LogLevel.Warning, LogLevel.Error, LogLevel.Critical }));
    }
}

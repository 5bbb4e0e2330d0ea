using LoadBalancer.Telemetry;

namespace LoadBalancer.Tests.Telemetry;

internal sealed class JournalStreamTests
{
    [TestCase("8:12345", "socket:[12345]", LogStyle.Journal)]
    [TestCase("8:12345", "socket:[999]", LogStyle.Terminal)]
    [TestCase("8:12345", "pipe:[12345]", LogStyle.Terminal)]
    [TestCase("8:12345", "/dev/pts/0", LogStyle.Terminal)]
    [TestCase("8:12345", null, LogStyle.Terminal)]
    [TestCase(null, "socket:[12345]", LogStyle.Terminal)]
    [TestCase("", "socket:[12345]", LogStyle.Terminal)]
    [TestCase("12345", "socket:[12345]", LogStyle.Terminal)]
    [TestCase("8:x", "socket:[0]", LogStyle.Terminal)]
    public void Is_the_journal_only_where_standard_error_is_that_very_socket(string? variable, string? target, LogStyle style) =>
        Assert.That(JournalStream.StyleFor(variable, target), Is.EqualTo(style));
}

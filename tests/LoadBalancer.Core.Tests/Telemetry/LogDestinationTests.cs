using LoadBalancer.Telemetry;

namespace LoadBalancer.Tests.Telemetry;

internal sealed class LogDestinationTests
{
    [TestCase("off")]
    [TestCase("stdout")]
    [TestCase("/var/log/lb/access.json")]
    public void Prints_as_the_file_writes_it(string text) => Assert.That(LogDestination.Parse(text).ToString(), Is.EqualTo(text));

    [Test]
    public void Is_off_by_the_word_alone() =>
        Assert.That(new[] { "off", "stdout", "./off" }.Select(text => LogDestination.Parse(text).IsOff), Is.EqualTo(new[] { true, false, false }));
}

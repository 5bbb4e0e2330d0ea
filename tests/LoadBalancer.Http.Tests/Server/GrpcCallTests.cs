using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Tests.Server;

internal sealed class GrpcCallTests
{
    [TestCase("2H", 2 * TimeSpan.TicksPerHour)]
    [TestCase("3M", 3 * TimeSpan.TicksPerMinute)]
    [TestCase("1S", TimeSpan.TicksPerSecond)]
    [TestCase("250m", 250 * TimeSpan.TicksPerMillisecond)]
    [TestCase("7u", 7 * TimeSpan.TicksPerMicrosecond)]
    [TestCase("450n", 4L)]
    [TestCase("0S", 0L)]
    [TestCase("99999999H", 99_999_999 * TimeSpan.TicksPerHour)]
    public void A_callers_timeout_is_a_number_and_a_unit(string text, long ticks) =>
        Assert.That(TimeoutOf("Content-Type: application/grpc", $"Grpc-Timeout: {text}")?.Ticks, Is.EqualTo(ticks));

    [TestCase("S")]
    [TestCase("5")]
    [TestCase("5s")]
    [TestCase("-5S")]
    [TestCase("1.5S")]
    [TestCase("999999999S", Description = "nine digits")]
    [TestCase("")]
    public void What_is_none_says_nothing(string text) =>
        Assert.That(TimeoutOf("Content-Type: application/grpc", $"grpc-timeout: {text}"), Is.Null);

    [Test]
    public void No_other_request_has_one() => Assert.That(TimeoutOf("Content-Type: application/json", "grpc-timeout: 5S"), Is.Null);

    private static TimeSpan? TimeoutOf(params string[] fields) => GrpcCall.TimeoutOf(Heads.Request("/", fields).Request.Fields);
}

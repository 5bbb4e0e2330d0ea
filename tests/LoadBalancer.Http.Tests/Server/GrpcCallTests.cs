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

    [TestCase("application/grpc", true, true)]
    [TestCase("application/grpc+proto", true, true)]
    [TestCase("application/grpc-web", false, true)]
    [TestCase("application/grpc-web+proto", false, true)]
    [TestCase("application/grpc-web-text;charset=utf-8", false, true)]
    [TestCase("application/grpc-webx", false, false)]
    [TestCase("application/json", false, false)]
    public void Streams_are_calls_and_those_of_the_web_too(string type, bool isCall, bool mayStream)
    {
        var fields = Heads.Request("/", $"Content-Type: {type}").Request.Fields;
        Assert.That((GrpcCall.Is(fields), GrpcCall.MayStream(fields)), Is.EqualTo((isCall, mayStream)));
    }

    [TestCase("0", "", 0)]
    [TestCase("14", "", 14)]
    [TestCase("", "5", 5)]
    [TestCase("", "", null)]
    [TestCase("x", "", null)]
    [TestCase("1000", "", null)]
    public void The_status_is_in_the_trailers_or_in_a_head_that_is_all(string trailer, string head, int? status)
    {
        var fields = Heads.Request("/", ["Content-Type: application/grpc", .. head.Length > 0 ? new[] { $"grpc-status: {head}" } : []]).Request.Fields;
        var trailers = Heads.Request("/", trailer.Length > 0 ? [$"grpc-status: {trailer}"] : []).Request.Fields;
        Assert.That(GrpcCall.StatusOf(fields, trailers), Is.EqualTo(status));
        Assert.That(GrpcCall.StatusOf(Heads.Request("/", "grpc-status: 1").Request.Fields, null), Is.Null, "no call");
    }

    private static TimeSpan? TimeoutOf(params string[] fields) => GrpcCall.TimeoutOf(Heads.Request("/", fields).Request.Fields);
}

using System.Buffers;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;

namespace LoadBalancer.Http.Tests.Server.Http1;

/// <summary>S21: what is too large is refused, and before its end where the end has not come.</summary>
public sealed class HeadLimitsTests
{
    private const string Start = "GET / HTTP/1.1\r\nHost: a\r\n";

    [TestCase("")]
    [TestCase("\r\n\r\n")]
    public void A_head_may_have_32_kib(string end) =>
        Assert.That(Heads.RequestFault(Start + "X: " + new string('y', 33_000) + end), Is.EqualTo(FaultKind.HeadTooLarge));

    [Test]
    public void A_head_may_have_exactly_as_many_bytes_as_it_may_have()
    {
        var text = Start + "X: " + new string('y', 100) + "\r\n\r\n";

        Assert.That(Heads.RequestFault(text, new HeadLimits(text.Length, 100, 100)), Is.EqualTo(FaultKind.None));
        Assert.That(Heads.RequestFault(text, new HeadLimits(text.Length - 1, 100, 100)), Is.EqualTo(FaultKind.HeadTooLarge));
    }

    [TestCase("")]
    [TestCase("\r\n")]
    public void A_head_may_have_100_fields(string end)
    {
        var fields = string.Concat(Enumerable.Repeat("X: y\r\n", 99));

        Assert.That(Heads.RequestFault(Start + fields + "\r\n"), Is.EqualTo(FaultKind.None));
        Assert.That(Heads.RequestFault(Start + fields + "X: y\r\n" + end), Is.EqualTo(FaultKind.TooManyFields));
    }

    [TestCase("")]
    [TestCase(" HTTP/1.1\r\nHost: a\r\n\r\n")]
    public void A_target_may_have_8_kib(string end) =>
        Assert.That(Heads.RequestFault("GET /" + new string('a', 8300) + end), Is.EqualTo(FaultKind.TargetTooLong));

    [Test]
    public void A_target_may_have_exactly_as_many_bytes_as_it_may_have()
    {
        Assert.That(Heads.RequestFault("GET /" + new string('a', 8191) + " HTTP/1.1\r\nHost: a\r\n\r\n"), Is.EqualTo(FaultKind.None));
        Assert.That(Heads.RequestFault("GET /" + new string('a', 8192) + " HTTP/1.1\r\nHost: a\r\n\r\n"), Is.EqualTo(FaultKind.TargetTooLong));
    }

    [TestCase("")]
    [TestCase("\r")]
    [TestCase("\r\n")]
    [TestCase("G")]
    [TestCase("GET / HTTP/1.1\r\nHost: a\r\n")]
    [TestCase("GET / HTTP/1.1\r\nHost: a\r\n\r")]
    public void What_is_not_whole_is_waited_for(string text)
    {
        var scan = default(HeadScan);
        var buffer = Heads.Bytes(text);
        var status = HeadParser.TryReadRequest(buffer, new RequestHead(), HeadLimits.Default, ref scan, out var consumed, out var fault);

        Assert.That((status, fault), Is.EqualTo((HeadStatus.Incomplete, FaultKind.None)));
        Assert.That(buffer.Slice(0, consumed).Length, Is.Zero);
    }

    [Test]
    public void What_is_behind_the_head_is_left()
    {
        var scan = default(HeadScan);
        var buffer = Heads.Bytes("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next");
        HeadParser.TryReadRequest(buffer, new RequestHead(), HeadLimits.Default, ref scan, out var consumed, out _);

        Assert.That(Heads.Text(buffer.Slice(consumed).ToArray()), Is.EqualTo("GET /next"));
    }
}

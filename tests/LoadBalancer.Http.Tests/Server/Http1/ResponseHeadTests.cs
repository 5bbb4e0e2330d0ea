using LoadBalancer.Faults;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Tests.Server.Http1;

/// <summary>An endpoint is believed no more than a client is (S18).</summary>
public sealed class ResponseHeadTests
{
    [Test]
    public void Knows_what_an_ordinary_response_says()
    {
        var head = Heads.Response("HTTP/1.1 404 Not Here\r\nContent-Length: 3\r\nServer: x\r\n\r\n");

        Assert.That((head.Status, Heads.Text(head.Reason), head.Version), Is.EqualTo((404, "Not Here", ProtocolVersion.Http11)));
        Assert.That((head.Framing, head.ContentLength, head.KeepsAlive), Is.EqualTo((BodyFraming.Length, 3L, true)));
        Assert.That((head.Fields.Count, head.Fields[1].Known), Is.EqualTo((2, KnownHeader.Server)));
    }

    [TestCase("HTTP/1.1 200 \r\n")]
    [TestCase("HTTP/1.1 200\r\n")]
    public void Takes_a_status_line_without_a_reason(string line) =>
        Assert.That(Heads.Text(Heads.Response(line + "\r\n").Reason), Is.Empty);

    [TestCase(200, "Content-Length: 0", (int)BodyFraming.Length, 0)]
    [TestCase(200, "Transfer-Encoding: Chunked", (int)BodyFraming.Chunked, -1)]
    [TestCase(200, "X: y", (int)BodyFraming.Close, -1)]
    [TestCase(204, "X: y", (int)BodyFraming.None, -1)]
    [TestCase(204, "Content-Length: 0", (int)BodyFraming.None, 0)]
    [TestCase(304, "Content-Length: 7", (int)BodyFraming.None, 7)]
    [TestCase(304, "X: y", (int)BodyFraming.None, -1)]
    [TestCase(100, "X: y", (int)BodyFraming.None, -1)]
    [TestCase(101, "Upgrade: websocket", (int)BodyFraming.None, -1)]
    [TestCase(103, "Link: </a>", (int)BodyFraming.None, -1)]
    public void Finds_the_end_of_the_body(int status, string field, int framing, long length)
    {
        var head = Heads.Response($"HTTP/1.1 {status} x\r\n{field}\r\n\r\n");

        Assert.That(((int)head.Framing, head.ContentLength), Is.EqualTo((framing, length)));
    }

    [TestCase("Content-Length: 7", 7)]
    [TestCase("Transfer-Encoding: chunked", -1)]
    [TestCase("X: y", -1)]
    public void Knows_that_head_has_no_body_whatever_is_announced(string field, long length)
    {
        var head = Heads.Response($"HTTP/1.1 200 OK\r\n{field}\r\n\r\n", RequestMethod.Head);

        Assert.That((head.Framing, head.ContentLength, head.KeepsAlive), Is.EqualTo((BodyFraming.None, length, true)));
    }

    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n", TestName = "S18 both framings")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", TestName = "S18 two lengths that agree")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", TestName = "S18 a list of lengths")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", TestName = "S18 a negative length")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n", TestName = "S18 a length with a plus")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551621\r\n\r\n", TestName = "S18 a length beyond 64 bits")]
    [TestCase("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", TestName = "S18 another coding within")]
    [TestCase("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n", TestName = "S18 identity")]
    [TestCase("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", TestName = "S18 two lines chunked")]
    [TestCase("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", TestName = "S18 a coding in HTTP/1.0")]
    [TestCase("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", TestName = "S18 a body on 204")]
    [TestCase("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", TestName = "S18 chunks on 204")]
    [TestCase("HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n", TestName = "S18 a body on 100")]
    [TestCase("HTTP/1.1 101 x\r\nTransfer-Encoding: chunked\r\n\r\n", TestName = "S18 chunks on 101")]
    [TestCase("HTTP/1.1 200 OK\nContent-Length: 5\n\n", TestName = "S18 bare line feeds")]
    [TestCase("HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n", TestName = "S18 a bare line feed within")]
    [TestCase("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", TestName = "S18 a folded line")]
    [TestCase("HTTP/1.1 200 OK\r\nX : a\r\n\r\n", TestName = "S18 a space before the colon")]
    [TestCase("HTTP/1.1 200 OK\r\nX: a\0\r\n\r\n", TestName = "S18 a null byte")]
    [TestCase("HTTP/1.1 200 O\rK\r\n\r\n", TestName = "S18 a carriage return in the reason")]
    [TestCase("HTTP/1.1 20 OK\r\n\r\n", TestName = "S18 a status of two digits")]
    [TestCase("HTTP/1.1 2000 OK\r\n\r\n", TestName = "S18 a status of four digits")]
    [TestCase("HTTP/1.1 099 OK\r\n\r\n", TestName = "S18 a status below 100")]
    [TestCase("HTTP/1.1  200 OK\r\n\r\n", TestName = "S18 two spaces before the status")]
    [TestCase("HTTP/2.0 200 OK\r\n\r\n", TestName = "S18 another version")]
    [TestCase("http/1.1 200 OK\r\n\r\n", TestName = "S18 a version in lower case")]
    [TestCase("\r\nHTTP/1.1 200 OK\r\n\r\n", TestName = "S18 bytes before the response")]
    [TestCase("<html>", TestName = "S18 no head at all")]
    public void Refuses_what_may_be_read_in_two_ways(string text) => Assert.That(Heads.ResponseFault(text), Is.EqualTo(FaultKind.ResponseInvalid));

    [Test(Description = "H18")]
    public void Refuses_more_fields_than_there_may_be() =>
        Assert.That(
            Heads.ResponseFault("HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat("X: y\r\n", 101)) + "\r\n"), Is.EqualTo(FaultKind.ResponseHeadTooLarge));

    [Test]
    public void Refuses_a_head_that_is_too_large_before_its_end() =>
        Assert.That(Heads.ResponseFault("HTTP/1.1 200 OK\r\nX: " + new string('y', 40_000)), Is.EqualTo(FaultKind.ResponseHeadTooLarge));

    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", false)]
    [TestCase("HTTP/1.1 200 OK\r\n\r\n", false)]
    [TestCase("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false)]
    [TestCase("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", true)]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true)]
    public void Knows_whether_the_connection_goes_on(string text, bool expected) => Assert.That(Heads.Response(text).KeepsAlive, Is.EqualTo(expected));
}

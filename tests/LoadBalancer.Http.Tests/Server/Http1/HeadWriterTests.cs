using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Server.Http1;

public sealed class HeadWriterTests
{
    [Test]
    public void Keeps_order_case_and_duplicates_of_fields()
    {
        var head = Heads.Request("GET /x HTTP/1.1\r\nHOST: a\r\nb: 1\r\nA: 2\r\nB: 3\r\n\r\n");

        Assert.That(Request(head, "/x"), Is.EqualTo("GET /x HTTP/1.1\r\nHOST: a\r\nb: 1\r\nA: 2\r\nB: 3\r\n\r\n"));
    }

    [Test]
    public void Writes_white_space_anew()
    {
        var head = Heads.Request("GET /x HTTP/1.1\r\nHost:a\r\nA:\t1 \r\nB:\r\nC: \r\nD: 4\r\n\r\n");

        Assert.That(Request(head, "/x"), Is.EqualTo("GET /x HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: \r\nC: \r\nD: 4\r\n\r\n"));
    }

    [Test]
    public void Leaves_the_removed_out_and_writes_the_added()
    {
        var head = Heads.Request("GET /x HTTP/1.1\r\nA: 1\r\nHost: a\r\nB: 2\r\nC: 3\r\n\r\n");
        head.Fields.Remove("B"u8);
        head.Fields.Set(KnownHeader.Host, "b"u8);
        head.Fields.Add("D"u8, "4"u8);

        Assert.That(Request(head, "/x"), Is.EqualTo("GET /x HTTP/1.1\r\nA: 1\r\nC: 3\r\nhost: b\r\nD: 4\r\n\r\n"));
    }

    [Test]
    public void Writes_what_frames_the_message_anew()
    {
        var head = Heads.Request(
            "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 007\r\nConnection: X, keep-alive\r\nKeep-Alive: 5\r\nProxy-Connection: close\r\n"
            + "Upgrade: h2c\r\nHTTP2-Settings: AA\r\nX-Content-Length: 3\r\nZ: 1\r\n\r\n");

        Assert.That(
            Request(head, "/y", framing: BodyFraming.Length, length: 7), Is.EqualTo("POST /y HTTP/1.1\r\nHost: a\r\nZ: 1\r\nContent-Length: 7\r\n\r\n"));
        Assert.That(
            Request(head, "/y", framing: BodyFraming.Chunked), Is.EqualTo("POST /y HTTP/1.1\r\nHost: a\r\nZ: 1\r\nTransfer-Encoding: chunked\r\n\r\n"));
        Assert.That(
            Request(head, "/y", connection: ConnectionOption.WebSocket),
            Is.EqualTo("POST /y HTTP/1.1\r\nHost: a\r\nZ: 1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"));
    }

    [TestCase("a=b", false, "/x?a=b")]
    [TestCase("", true, "/x?")]
    [TestCase("", false, "/x")]
    public void Writes_the_query_as_it_came(string query, bool hasQuery, string expected)
    {
        var head = Heads.Request("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        var pipe = PipeText.Open();
        HeadWriter.WriteRequest(
            pipe.Writer, head, "/x"u8, Heads.Bytes(query).FirstSpan, hasQuery, BodyFraming.None, 0, ConnectionOption.Close);

        Assert.That(pipe.Taken(), Is.EqualTo($"GET {expected} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    }

    [TestCase("/a b")]
    [TestCase("/a\r\nX: y")]
    [TestCase("/a\n")]
    [TestCase("/a\0")]
    [TestCase("/\u00e9")]
    [TestCase("")]
    public void Never_writes_a_target_that_would_be_more_than_one(string path)
    {
        var head = Heads.Request("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.That(() => Request(head, path), Throws.InvalidOperationException);
        Assert.That(
            () => HeadWriter.WriteRequest(
                PipeText.Open().Writer, head, "/"u8, Heads.Bytes(path + " ").FirstSpan, true, BodyFraming.None, 0, ConnectionOption.None),
            Throws.InvalidOperationException);
    }

    [TestCase("a\r\nb", "c")]
    [TestCase("a:b", "c")]
    [TestCase("a b", "c")]
    [TestCase("", "c")]
    [TestCase("a", "b\r\nc")]
    [TestCase("a", "b\nc")]
    [TestCase("a", "b\0c")]
    public void Never_has_a_field_that_would_be_more_than_one(string name, string value) =>
        Assert.That(() => new HeaderList().Add(Heads.Bytes(name).FirstSpan, Heads.Bytes(value).FirstSpan), Throws.InvalidOperationException);

    [TestCase(200, "", "HTTP/1.1 200 OK")]
    [TestCase(404, "", "HTTP/1.1 404 Not Found")]
    [TestCase(799, "", "HTTP/1.1 799 ")]
    [TestCase(200, "OK", "HTTP/1.1 200 OK")]
    [TestCase(200, "Fine", "HTTP/1.1 200 Fine")]
    [TestCase(599, "Own", "HTTP/1.1 599 Own")]
    public void Keeps_the_reason_or_writes_the_standard_one(int status, string reason, string expected)
    {
        var head = Heads.Response($"HTTP/1.1 {status} {reason}\r\nContent-Length: 0\r\n\r\n");

        Assert.That(Response(head), Is.EqualTo($"{expected}\r\nContent-Length: 0\r\n\r\n"));
    }

    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "GET", "Content-Length: 5\r\n", TestName = "24 a length")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD", "Content-Length: 5\r\n", TestName = "24 a length in answer to HEAD")]
    [TestCase("HTTP/1.1 200 OK\r\n\r\n", "HEAD", "", TestName = "24 no length in answer to HEAD")]
    [TestCase("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HEAD", "", TestName = "24 chunked in answer to HEAD")]
    [TestCase("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "GET", "Transfer-Encoding: chunked\r\n", TestName = "24 chunked stays chunked")]
    [TestCase("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "GET", "", TestName = "24 no length with 204")]
    [TestCase("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET", "Content-Length: 5\r\n", TestName = "24 a length with 304")]
    [TestCase("HTTP/1.1 304 Not Modified\r\n\r\n", "GET", "", TestName = "24 no length with 304")]
    [TestCase("HTTP/1.1 103 Early Hints\r\n\r\n", "GET", "", TestName = "24 no length with 103")]
    [TestCase("HTTP/1.1 200 OK\r\n\r\n", "GET", "", TestName = "24 up to the end of the connection")]
    public void Says_how_the_body_ends(string text, string method, string expected)
    {
        var asked = method == "HEAD" ? RequestMethod.Head : RequestMethod.Get;
        var head = Heads.Response(text, asked);

        Assert.That(Response(head, asked), Is.EqualTo($"{text[..text.IndexOf("\r\n", StringComparison.Ordinal)]}\r\n{expected}\r\n"));
    }

    [Test]
    public void A_response_of_nothing_says_so()
    {
        var head = new ResponseHead { Status = 302 };
        head.Fields.Add(KnownHeader.Location, "/"u8);

        Assert.That(Response(head), Is.EqualTo("HTTP/1.1 302 Found\r\nlocation: /\r\nContent-Length: 0\r\n\r\n"));
    }

    [Test]
    public void Reading_and_writing_a_request_allocates_nothing()
    {
        var pipe = PipeText.Open();
        var request = Heads.Bytes(
            "GET /api/trips?from=a&to=b HTTP/1.1\r\nHost: example.com\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\nAccept-Encoding: gzip, br\r\n"
            + "Connection: keep-alive\r\nCookie: session=0123456789abcdef\r\nX-Request-Id: 1\r\n\r\n");
        var response = Heads.Bytes("HTTP/1.1 200 OK\r\nServer: x\r\nDate: now\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\n\r\n");
        var (asked, answered) = (new RequestHead(), new ResponseHead());
        var whole = true;

        Assert.That(
            Allocations.Of(() =>
            {
                for (var count = 0; count < 100; count++)
                {
                    var scan = default(HeadScan);
                    whole &= HeadParser.TryReadRequest(request, asked, HeadLimits.Default, ref scan, out _, out _) == HeadStatus.Complete;
                    HeadWriter.WriteRequest(pipe.Writer, asked, "/trips"u8, "from=a"u8, true, BodyFraming.None, 0, ConnectionOption.None);
                    scan = default;
                    whole &= HeadParser.TryReadResponse(response, answered, asked.Method, HeadLimits.Default, ref scan, out _, out _) == HeadStatus.Complete;
                    HeadWriter.WriteResponse(pipe.Writer, answered, asked.Method, answered.Framing, answered.ContentLength, ConnectionOption.KeepAlive);
                    pipe.Writer.FlushAsync().Now();
                    pipe.Reader.TryRead(out var written);
                    pipe.Reader.AdvanceTo(written.Buffer.End);
                }
            }),
            Is.Zero);
        Assert.That(whole);
    }

    private static string Request(
        RequestHead head, string path, BodyFraming framing = BodyFraming.None, long length = 0, ConnectionOption connection = ConnectionOption.None)
    {
        var pipe = PipeText.Open();
        HeadWriter.WriteRequest(pipe.Writer, head, Heads.Bytes(path).FirstSpan, default, false, framing, length, connection);
        return pipe.Taken();
    }

    private static string Response(ResponseHead head, RequestMethod method = RequestMethod.Get)
    {
        var pipe = PipeText.Open();
        HeadWriter.WriteResponse(pipe.Writer, head, method, head.Framing, head.ContentLength, ConnectionOption.None);
        return pipe.Taken();
    }
}

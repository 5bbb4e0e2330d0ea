using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Http.Server.Http2.Hpack;

namespace LoadBalancer.Http.Tests.Server.Http2;

/// <summary>Which header blocks are requests, and what is made of them. The traps are those of a gateway that writes HTTP/1.1 behind it.</summary>
public sealed class Http2HeadReaderTests
{
    private static readonly (string, string)[] Get = [(":method", "GET"), (":scheme", "http"), (":path", "/a?b=c"), (":authority", "test")];

    [Test]
    public void A_request_becomes_the_head_that_HTTP_1_1_would_have()
    {
        var head = Read([.. Get, ("accept", "*/*"), ("x-a", "1"), ("x-a", "")]);
        Assert.Multiple(() =>
        {
            Assert.That((head.Method, head.Version, head.Framing, head.KeepsAlive), Is.EqualTo((RequestMethod.Get, ProtocolVersion.Http2, BodyFraming.None, true)));
            Assert.That((Text(head.MethodText), Text(head.Target), Text(head.Authority)), Is.EqualTo(("GET", "/a?b=c", "test")));
            Assert.That(Lines(head.Fields), Is.EqualTo(new[] { "Host: test", "accept: */*", "x-a: 1", "x-a: " }));
        });
    }

    [Test]
    public void Crumbs_of_a_cookie_are_one_again() =>
        Assert.That(Lines(Read([.. Get, ("cookie", "a=1"), ("x", "y"), ("cookie", "b=2"), ("cookie", "c=3")]).Fields), Is.EqualTo(new[] { "Host: test", "x: y", "cookie: a=1; b=2; c=3" }));

    [TestCase("x: 1\r\ntransfer-encoding: chunked\r\ny")]
    [TestCase("x\n")]
    [TestCase("x y")]
    [TestCase("x:y")]
    [TestCase("x\ty")]
    [TestCase("X-Upper")]
    [TestCase("")]
    [TestCase("x\0")]
    [TestCase("x\u007f")]
    [TestCase("\u00e4")]
    [TestCase(":")]
    public void H1_a_name_that_is_no_token_in_lower_case_is_malformed(string name) => IsMalformed([.. Get, (name, "v")]);

    [TestCase("a\r\nb: c")]
    [TestCase("a\rb")]
    [TestCase("a\nb")]
    [TestCase("a\0b")]
    public void H2_a_value_with_a_line_end_or_a_zero_is_malformed(string value) => IsMalformed([.. Get, ("x", value)]);

    [TestCase("a\u0001")]
    [TestCase("a\u007f")]
    [TestCase(" a")]
    [TestCase("a ")]
    [TestCase("\ta")]
    [TestCase("a\t")]
    [TestCase(" ")]
    public void H3_a_value_with_controls_or_white_space_around_it_is_malformed(string value) => IsMalformed([.. Get, ("x", value)]);

    [TestCase("transfer-encoding", "chunked")]
    [TestCase("upgrade", "websocket")]
    [TestCase("keep-alive", "1")]
    [TestCase("proxy-connection", "close")]
    [TestCase("connection", "x")]
    [TestCase("te", "gzip")]
    [TestCase("te", "trailers, gzip")]
    public void H4_a_field_of_a_connection_of_HTTP_1_1_is_malformed(string name, string value) => IsMalformed([.. Get, (name, value)]);

    [Test]
    public void Te_trailers_is_no_such_field() => Assert.That(Lines(Read([.. Get, ("te", "trailers")]).Fields), Has.Member("te: trailers"));

    [TestCase("/a b")]
    [TestCase("/a#b")]
    [TestCase("/a\u0001")]
    [TestCase("/a\r\nx: y")]
    [TestCase("/\u00e4")]
    [TestCase("a")]
    [TestCase("http://test/")]
    [TestCase("*")]
    public void H5_a_path_that_would_be_read_otherwise_on_a_request_line_is_400(string path) =>
        Assert.That(FaultOf([(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "test")]), Is.EqualTo(FaultKind.RequestInvalid));

    [TestCase("GET\r\nx: y", "http", "/")]
    [TestCase("GE T", "http", "/")]
    [TestCase("", "http", "/")]
    [TestCase("GET", "http://x/?", "/")]
    [TestCase("GET", "ftp", "/")]
    [TestCase("GET", "", "/")]
    [TestCase("GET", "http", "")]
    public void H6_a_method_or_scheme_that_is_none_is_malformed(string method, string scheme, string path) =>
        IsMalformed([(":method", method), (":scheme", scheme), (":path", path), (":authority", "test")]);

    [Test]
    public void H6_what_the_scheme_claims_is_told()
    {
        Assert.That(Read(Get).ClaimsSecure, Is.False);
        Assert.That(Read([(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "test")]).ClaimsSecure, Is.True);
    }

    [Test]
    public void H7_pseudo_header_fields_that_are_double_unknown_late_or_missing_are_malformed()
    {
        IsMalformed([.. Get, (":path", "/b")]);
        IsMalformed([.. Get, (":unknown", "1")]);
        IsMalformed([.. Get, (":status", "200")]);
        IsMalformed([.. Get, (":protocol", "websocket")]);
        IsMalformed([Get[0], Get[1], ("x", "y"), Get[2], Get[3]]);
        IsMalformed([Get[0], Get[1], ("host", "test"), Get[2]]);
        IsMalformed([Get[1], Get[2], Get[3]]);
        IsMalformed([Get[0], Get[2], Get[3]]);
        IsMalformed([Get[0], Get[1], Get[3]]);
        Assert.That(Http2HeadReader.ReadTrailers(new HpackDecoder(), Block([("x", "y"), (":path", "/")]), new HeaderList(), HeadLimits.Default, ofRequest: true), Is.EqualTo(BlockOutcome.Malformed));
    }

    [Test]
    public void H8_authority_and_host_are_the_same_and_one()
    {
        Assert.That(FaultOf([.. Get, ("host", "other")]), Is.EqualTo(FaultKind.HostInvalid));
        Assert.That(FaultOf([.. Get[..3], ("host", "a"), ("host", "a")]), Is.EqualTo(FaultKind.None), "the same twice says nothing else");
        Assert.That(FaultOf([.. Get[..3], ("host", "a"), ("host", "b")]), Is.EqualTo(FaultKind.HostInvalid));
        Assert.That(FaultOf(Get[..3]), Is.EqualTo(FaultKind.HostInvalid));
        Assert.That(FaultOf([.. Get[..3], (":authority", "u@test")]), Is.EqualTo(FaultKind.HostInvalid));
        Assert.That(FaultOf([.. Get[..3], (":authority", "")]), Is.EqualTo(FaultKind.HostInvalid));
        Assert.That(Lines(Read([.. Get, ("host", "TEST")]).Fields), Is.EqualTo(new[] { "Host: test" }));
        Assert.That(Text(Read([.. Get[..3], ("host", "a:80")]).Authority), Is.EqualTo("a:80"));
    }

    [Test]
    public void H9_lengths_that_are_two_or_none_are_malformed()
    {
        IsMalformed([.. Get, ("content-length", "1"), ("content-length", "1")], hasBody: true);
        IsMalformed([.. Get, ("content-length", "+1")], hasBody: true);
        IsMalformed([.. Get, ("content-length", "1")]);
        var head = Read([.. Get, ("content-length", "7")], hasBody: true);
        Assert.That((head.Framing, head.ContentLength), Is.EqualTo((BodyFraming.Length, 7)));
        Assert.That(Read(Get, hasBody: true).Framing, Is.EqualTo(BodyFraming.Chunked));
    }

    [TestCase("foo", FaultKind.NotImplemented)]
    [TestCase("websocket", FaultKind.None)]
    public void H16_an_extended_connect_is_for_WebSocket_alone(string protocol, FaultKind fault)
    {
        var head = Read([(":method", "CONNECT"), (":protocol", protocol), (":scheme", "http"), (":path", "/chat"), (":authority", "test")], fault, hasBody: true);
        if (fault == FaultKind.None)
        {
            Assert.That((head.WantsWebSocket, head.Method, Text(head.MethodText), head.Framing), Is.EqualTo((true, RequestMethod.Get, "GET", BodyFraming.None)));
            Assert.That(head.Fields.Find(KnownHeader.SecWebSocketKey), Is.GreaterThan(0));
        }
    }

    [Test]
    public void A_plain_connect_is_not_spoken()
    {
        Assert.That(FaultOf([(":method", "CONNECT"), (":authority", "test:443")]), Is.EqualTo(FaultKind.NotImplemented));
        IsMalformed([(":method", "CONNECT"), (":authority", "test:443"), (":path", "/")]);
        IsMalformed([(":method", "CONNECT"), (":protocol", "websocket"), (":authority", "test")]);
    }

    [Test]
    public void H17_a_head_is_bounded_as_it_is_decoded_and_the_tables_stay_in_step()
    {
        var decoder = new HpackDecoder();
        var limits = new HeadLimits(8 * 1024, 20, 100);

        // A field of 3 KiB that is added once, and then referred to with a byte each.
        var bomb = Block([.. Get]).Concat<byte>([0x40, 1, (byte)'x', 0x7f, 0xa1, 0x17]).Concat(Enumerable.Repeat((byte)'a', 127 + 0x21 + (0x17 << 7))).Concat(Enumerable.Repeat((byte)0xbe, 10_000)).ToArray();
        var head = new RequestHead();
        Assert.That(Http2HeadReader.ReadRequest(decoder, bomb, head, limits, false, out var fault), Is.EqualTo(BlockOutcome.Read));
        Assert.That((fault, head.Fields.Bytes.Length), Is.EqualTo((FaultKind.HeadTooLarge, head.Fields.Bytes.Length)));
        Assert.That(head.Fields.Bytes.Length, Is.LessThanOrEqualTo(limits.HeadBytes));
        Assert.That(decoder.Table.Count, Is.EqualTo(1));

        Assert.That(FaultOf([.. Get, .. Enumerable.Range(0, 30).Select(at => ("x", $"{at}"))], limits), Is.EqualTo(FaultKind.TooManyFields));
        Assert.That(FaultOf([Get[0], Get[1], (":path", "/" + new string('x', 100)), Get[3]], limits), Is.EqualTo(FaultKind.TargetTooLong));
    }

    [Test]
    public void Expect_is_read_as_in_HTTP_1_1()
    {
        Assert.That(Read([.. Get, ("expect", "100-continue")], hasBody: true).ExpectsContinue, Is.True);
        Assert.That(FaultOf([.. Get, ("expect", "more")]), Is.EqualTo(FaultKind.ExpectationUnknown));
    }

    [Test]
    public void Trailers_that_frame_or_route_are_left_out()
    {
        var trailers = new HeaderList();
        Assert.That(
            Http2HeadReader.ReadTrailers(new HpackDecoder(), Block([("grpc-status", "0"), ("content-length", "5"), ("x-user", "7"), ("host", "b")]), trailers, HeadLimits.Default, ofRequest: true),
            Is.EqualTo(BlockOutcome.Read));
        Assert.That(Lines(trailers), Is.EqualTo(new[] { "grpc-status: 0" }));
    }

    private static RequestHead Read((string Name, string Value)[] fields, FaultKind expected = FaultKind.None, bool hasBody = false)
    {
        var head = new RequestHead();
        Assert.That(Http2HeadReader.ReadRequest(new HpackDecoder(), Block(fields), head, HeadLimits.Default, hasBody, out var fault), Is.EqualTo(BlockOutcome.Read));
        Assert.That(fault, Is.EqualTo(expected));
        return head;
    }

    private static FaultKind FaultOf((string Name, string Value)[] fields, HeadLimits? limits = null)
    {
        Assert.That(Http2HeadReader.ReadRequest(new HpackDecoder(), Block(fields), new RequestHead(), limits ?? HeadLimits.Default, false, out var fault), Is.EqualTo(BlockOutcome.Read));
        return fault;
    }

    // Also where the table says it: what is refused is not let pass because it was remembered.
    private static void IsMalformed((string Name, string Value)[] fields, bool hasBody = false)
    {
        var decoder = new HpackDecoder();
        foreach (var adds in new[] { true, false })
        {
            Assert.That(Http2HeadReader.ReadRequest(decoder, Block(fields, adds), new RequestHead(), HeadLimits.Default, hasBody, out _), Is.EqualTo(BlockOutcome.Malformed));
        }

        byte[] remembered = [.. Enumerable.Range(0, fields.Length).Select(at => (byte)(0x80 | (62 + fields.Length - 1 - at)))];
        Assert.That(Http2HeadReader.ReadRequest(decoder, remembered, new RequestHead(), HeadLimits.Default, hasBody, out _), Is.EqualTo(BlockOutcome.Malformed));
    }

    private static byte[] Block((string Name, string Value)[] fields, bool adds = false) =>
        [.. fields.SelectMany(field => (byte[])[(byte)(adds ? 0x40 : 0), .. String(field.Name), .. String(field.Value)])];

    private static byte[] String(string text)
    {
        Span<byte> length = stackalloc byte[HpackInteger.MostBytes];
        return [.. length[..HpackInteger.Write(length, 0, 7, text.Length)], .. Encoding.Latin1.GetBytes(text)];
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    private static string[] Lines(HeaderList fields) =>
        [.. Enumerable.Range(0, fields.Count).Where(at => !fields[at].Removed).Select(at => $"{Text(fields.Name(at))}: {Text(fields.Value(at))}")];
}

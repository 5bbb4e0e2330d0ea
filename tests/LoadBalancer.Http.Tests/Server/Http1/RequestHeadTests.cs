using LoadBalancer.Faults;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Tests.Server.Http1;

/// <summary>The lines of the security checklist about requests' heads, each with the answer that they have to have.</summary>
public sealed class RequestHeadTests
{
    [Test]
    public void Knows_what_an_ordinary_request_says()
    {
        var head = Heads.Request("POST /a/b?c=d HTTP/1.1\r\nHost: example.com:8080\r\nContent-Length: 12\r\nX-Own:  two words \r\n\r\n");

        Assert.That(head.Method, Is.EqualTo(RequestMethod.Post));
        Assert.That(Heads.Text(head.MethodText), Is.EqualTo("POST"));
        Assert.That(Heads.Text(head.Target), Is.EqualTo("/a/b?c=d"));
        Assert.That(Heads.Text(head.Authority), Is.EqualTo("example.com:8080"));
        Assert.That((head.Version, head.Framing, head.ContentLength), Is.EqualTo((ProtocolVersion.Http11, BodyFraming.Length, 12L)));
        Assert.That((head.KeepsAlive, head.ExpectsContinue, head.WantsWebSocket), Is.EqualTo((true, false, false)));
        Assert.That(head.Fields.Count, Is.EqualTo(3));
        Assert.That((Heads.Text(head.Fields.Name(2)), Heads.Text(head.Fields.Value(2))), Is.EqualTo(("X-Own", "two words")));
        Assert.That((head.Fields[1].Known, head.Fields[1].Verbatim, head.Fields[2].Verbatim), Is.EqualTo((KnownHeader.ContentLength, true, false)));
    }

    [TestCase("Content-Length: 6\r\nTransfer-Encoding: chunked", TestName = "S1 both framings")]
    [TestCase("Transfer-Encoding: chunked\r\nContent-Length: 6", TestName = "S1 both framings, the other way round")]
    [TestCase("Content-Length: 5\r\nContent-Length: 5", TestName = "S2 two lengths that agree")]
    [TestCase("Content-Length: 5\r\nContent-Length: 6", TestName = "S2 two lengths")]
    [TestCase("Content-Length: 5, 5", TestName = "S2 a list of lengths")]
    [TestCase("Content-Length: -1", TestName = "S2 a negative length")]
    [TestCase("Content-Length: 0x5", TestName = "S2 a hexadecimal length")]
    [TestCase("Content-Length:", TestName = "S2 an empty length")]
    [TestCase("Content-Length: 18446744073709551621", TestName = "S2 a length beyond 64 bits")]
    [TestCase("Content-Length: 5 5", TestName = "S2 a length of two words")]
    [TestCase("Content-Length: 5\v", TestName = "S2 a length with a control")]
    [TestCase("Content-Length: +5", TestName = "S3 a length with a plus")]
    [TestCase("Transfer-Encoding: chunked, identity", TestName = "S4 chunked is not the last")]
    [TestCase("Transfer-Encoding: chunked;x=y", TestName = "S4 chunked with a parameter")]
    [TestCase("Transfer-Encoding: \vchunked", TestName = "S4 chunked behind a control")]
    [TestCase("Transfer-Encoding : chunked", TestName = "S4 a space before the colon")]
    [TestCase("Transfer-Encoding: \"chunked\"", TestName = "S4 chunked in quotes")]
    [TestCase("Transfer-Encoding:", TestName = "S4 no coding")]
    [TestCase("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", TestName = "S5 two lines chunked")]
    [TestCase("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", TestName = "S5 two lines of codings")]
    [TestCase("Transfer-Encoding: ,chunked", TestName = "S5 an empty element")]
    [TestCase("Transfer-Encoding: chunked, chunked", TestName = "S5 chunked twice")]
    [TestCase("X: a\nY: b", TestName = "S6 a bare line feed")]
    [TestCase("X: a\r\n b", TestName = "S7 a folded line")]
    [TestCase("X: a\r\n\tb", TestName = "S7 a line folded by a tab")]
    [TestCase("X: a\rb", TestName = "S7 a bare carriage return")]
    [TestCase("X: a\r\rb", TestName = "S7 two carriage returns")]
    [TestCase("X: a\0b", TestName = "S7 a null byte")]
    [TestCase("X: a\u00ffb", TestName = "S7 a byte 0xFF")]
    [TestCase("X: a\u007fb", TestName = "S7 a delete")]
    [TestCase("X: a\u001bb", TestName = "S7 an escape")]
    [TestCase("X : a", TestName = "S7 a space in a name")]
    [TestCase("X\t: a", TestName = "S7 a tab in a name")]
    [TestCase("X\u00e9: a", TestName = "S7 a name beyond ASCII")]
    [TestCase("X(y): a", TestName = "S7 a delimiter in a name")]
    [TestCase(": a", TestName = "S7 an empty name")]
    [TestCase("no colon", TestName = "S7 no colon")]
    [TestCase("nocolon", TestName = "S7 no colon, a token")]
    public void Refuses_fields_that_may_be_read_in_two_ways(string fields) =>
        Assert.That(Heads.RequestFault($"POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n"), Is.EqualTo(FaultKind.RequestInvalid));

    [TestCase("xchunked", TestName = "S4 a coding like chunked")]
    [TestCase("identity", TestName = "S4 identity")]
    [TestCase("gzip, chunked", TestName = "S5 another coding within")]
    public void Says_of_other_codings_that_they_are_not_implemented(string coding) =>
        Assert.That(Heads.RequestFault($"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {coding}\r\n\r\n"), Is.EqualTo(FaultKind.NotImplemented));

    [Test(Description = "S5")]
    public void Refuses_a_coding_in_the_version_that_has_none() =>
        Assert.That(Heads.RequestFault("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), Is.EqualTo(FaultKind.RequestInvalid));

    [TestCase("GET / HTTP/1.1\nHost: a\n\n", TestName = "S6 bare line feeds, all of the head")]
    [TestCase("GET / HTTP/1.1\nHost: a\r\n\r\n", TestName = "S6 a bare line feed behind the first line")]
    [TestCase("GET / HTTP/1.1\r\nHost: a\n\r\n\r\n", TestName = "S6 a bare line feed within")]
    [TestCase("GET / HTTP/1.1\r\nHost: a\r\n\nGET /b HTTP/1.1\r\n\r\n", TestName = "S6 a bare line feed as the empty line")]
    [TestCase("GET / HTTP/1.1\r\n Host: a\r\n\r\n", TestName = "S7 a space before the first field")]
    [TestCase("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "S16 two empty lines first")]
    [TestCase("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "S16 a bare line feed first")]
    [TestCase("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "S16 a bare carriage return first")]
    [TestCase(" GET / HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "S16 a space first")]
    [TestCase("G[T / HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "S16 a delimiter in the method")]
    [TestCase("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "S16 a tab in the first line")]
    [TestCase("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "S16 two spaces before the target")]
    [TestCase("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "S16 two spaces before the version")]
    [TestCase("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", TestName = "S16 a space behind the version")]
    [TestCase("GET / \r\nHost: a\r\n\r\n", TestName = "S16 no version")]
    [TestCase("GET /\r\n\r\n", TestName = "S16 HTTP/0.9")]
    [TestCase("GET / http/1.1\r\nHost: a\r\n\r\n", TestName = "S16 a version in lower case")]
    [TestCase("GET / HTTP/1.10\r\nHost: a\r\n\r\n", TestName = "S16 a version of two digits")]
    [TestCase("GET / HTTP/11\r\nHost: a\r\n\r\n", TestName = "S16 a version without a point")]
    [TestCase("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "S16 a space in the target")]
    [TestCase("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "P3 a fragment")]
    [TestCase("GET /a\u0001b HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "P3 a control in the target")]
    [TestCase("GET /\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "P3 a byte beyond ASCII in the target")]
    [TestCase("GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "S15 an authority as the target")]
    [TestCase("GET x HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "S15 a word as the target")]
    [TestCase("GET * HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "S15 an asterisk with GET")]
    [TestCase("OPTIONS *a HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "S15 an asterisk and more")]
    [TestCase("GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "S14 another scheme")]
    [TestCase("GET http://u@a/x HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "S14 a user in the target")]
    [TestCase("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "S14 no host in the target")]
    [TestCase("\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003", TestName = "TLS")]
    public void Refuses_a_first_line_that_may_be_read_in_two_ways(string text) =>
        Assert.That(Heads.RequestFault(text), Is.EqualTo(FaultKind.RequestInvalid));

    [TestCase("", TestName = "S12 no Host")]
    [TestCase("Host: a\r\nHost: a\r\n", TestName = "S12 two Hosts")]
    [TestCase("Host: a\r\nhost: b\r\n", TestName = "S12 two Hosts in two spellings")]
    [TestCase("Host: a/b\r\n", TestName = "S12 a path in Host")]
    [TestCase("Host: a,b\r\n", TestName = "S12 a list in Host")]
    [TestCase("Host: a b\r\n", TestName = "S12 two words in Host")]
    [TestCase("Host: u@a\r\n", TestName = "S12 a user in Host")]
    [TestCase("Host: a:443@evil\r\n", TestName = "F6 a port and a user in Host")]
    [TestCase("Host: a:b\r\n", TestName = "S12 a port of letters")]
    [TestCase("Host: a:\r\n", TestName = "S12 an empty port")]
    [TestCase("Host: a:65536\r\n", TestName = "S12 a port too large")]
    [TestCase("Host: a:000080\r\n", TestName = "S12 a port too long")]
    [TestCase("Host: a:80:80\r\n", TestName = "S12 two ports")]
    [TestCase("Host: a?b\r\n", TestName = "S12 a query in Host")]
    [TestCase("Host: a%41\r\n", TestName = "S12 an escape in Host")]
    [TestCase("Host: ::1\r\n", TestName = "S12 an IPv6 address without brackets")]
    [TestCase("Host: [::1\r\n", TestName = "S12 half a bracket")]
    [TestCase("Host: [::1]a\r\n", TestName = "S12 more behind the bracket")]
    [TestCase("Host: [1.2.3.4]\r\n", TestName = "S12 IPv4 in brackets")]
    [TestCase("Host: [:::1]\r\n", TestName = "S12 an address that is none")]
    [TestCase("Host: [fe80::1%25eth0]\r\n", TestName = "S12 a zone")]
    [TestCase("Host: :80\r\n", TestName = "S12 a port alone")]
    [TestCase("Host: \r\n", TestName = "S13 an empty Host")]
    public void Refuses_a_request_without_one_host(string fields) =>
        Assert.That(Heads.RequestFault($"GET / HTTP/1.1\r\n{fields}\r\n"), Is.EqualTo(FaultKind.HostInvalid));

    [Test(Description = "S13")]
    public void Refuses_http_1_0_without_a_host() => Assert.That(Heads.RequestFault("GET / HTTP/1.0\r\n\r\n"), Is.EqualTo(FaultKind.HostInvalid));

    [Test(Description = "S14")]
    public void Refuses_a_target_of_another_host() =>
        Assert.That(Heads.RequestFault("GET http://evil/x HTTP/1.1\r\nHost: a\r\n\r\n"), Is.EqualTo(FaultKind.HostInvalid));

    [TestCase("a")]
    [TestCase("a:80")]
    [TestCase("under_score.local")]
    [TestCase("xn--bcher-kva.example.")]
    [TestCase("192.0.2.1:8080")]
    [TestCase("[2001:db8::1]")]
    [TestCase("[::ffff:192.0.2.1]:8080")]
    public void Takes_the_hosts_that_there_are(string host) =>
        Assert.That(Heads.Text(Heads.Request($"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").Authority), Is.EqualTo(host));

    [TestCase("http://A/x?y")]
    [TestCase("HTTP://a/x")]
    [TestCase("https://a/x")]
    [TestCase("http://a")]
    [TestCase("http://a?q")]
    public void Takes_an_absolute_target_of_the_same_host(string target)
    {
        var head = Heads.Request($"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.That(Heads.Text(head.Target), Is.EqualTo(target));
        Assert.That(Heads.Text(head.Authority), Is.EqualTo("a"));
    }

    [Test(Description = "S15")]
    public void Takes_an_asterisk_with_options() =>
        Assert.That(Heads.Text(Heads.Request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").Target), Is.EqualTo("*"));

    [TestCase("CONNECT a:80", TestName = "S15 CONNECT")]
    [TestCase("get /", TestName = "S16 a method in lower case")]
    [TestCase("Post /", TestName = "S16 a method in mixed case")]
    public void Says_of_some_methods_that_they_are_not_implemented(string line) =>
        Assert.That(Heads.RequestFault($"{line} HTTP/1.1\r\nHost: a\r\n\r\n"), Is.EqualTo(FaultKind.NotImplemented));

    [TestCase("HTTP/1.2")]
    [TestCase("HTTP/2.0")]
    [TestCase("HTTP/0.9")]
    [TestCase("HTTP/3.1")]
    public void Says_of_other_versions_that_they_are_not_spoken(string version) =>
        Assert.That(Heads.RequestFault($"GET / {version}\r\nHost: a\r\n\r\n"), Is.EqualTo(FaultKind.VersionUnsupported));

    [TestCase("GET", (int)RequestMethod.Get)]
    [TestCase("HEAD", (int)RequestMethod.Head)]
    [TestCase("POST", (int)RequestMethod.Post)]
    [TestCase("PUT", (int)RequestMethod.Put)]
    [TestCase("DELETE", (int)RequestMethod.Delete)]
    [TestCase("PATCH", (int)RequestMethod.Patch)]
    [TestCase("OPTIONS", (int)RequestMethod.Options)]
    [TestCase("TRACE", (int)RequestMethod.Trace)]
    [TestCase("PROPFIND", (int)RequestMethod.Other)]
    [TestCase("M-SEARCH", (int)RequestMethod.Other)]
    public void Knows_methods(string method, int expected) =>
        Assert.That((int)Heads.Request($"{method} / HTTP/1.1\r\nHost: a\r\n\r\n").Method, Is.EqualTo(expected));

    [TestCase("200-ok", TestName = "S17 another expectation")]
    [TestCase("100-continue, x", TestName = "S17 one more expectation")]
    [TestCase("", TestName = "S17 an empty expectation")]
    public void Refuses_other_expectations(string value) =>
        Assert.That(Heads.RequestFault($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: {value}\r\n\r\n"), Is.EqualTo(FaultKind.ExpectationUnknown));

    [TestCase("1.1", "Content-Length: 1", true)]
    [TestCase("1.1", "Transfer-Encoding: chunked", true)]
    [TestCase("1.1", "Content-Length: 0", false)]
    [TestCase("1.1", "X: y", false)]
    [TestCase("1.0", "Content-Length: 1", false)]
    public void Waits_for_a_100_only_with_a_body_of_http_1_1(string version, string field, bool expected) =>
        Assert.That(
            Heads.Request($"POST / HTTP/{version}\r\nHost: a\r\n{field}\r\nExpect: 100-Continue\r\n\r\n").ExpectsContinue, Is.EqualTo(expected));

    [TestCase("1.1", "X: y", true)]
    [TestCase("1.1", "Connection: close", false)]
    [TestCase("1.1", "Connection: keep-alive, CLOSE", false)]
    [TestCase("1.1", "Connection: x\r\nConnection: close", false)]
    [TestCase("1.0", "X: y", false)]
    [TestCase("1.0", "Connection: Keep-Alive", true)]
    [TestCase("1.0", "Connection: keep-alive, close", false)]
    public void Knows_whether_the_connection_goes_on(string version, string field, bool expected) =>
        Assert.That(Heads.Request($"GET / HTTP/{version}\r\nHost: a\r\n{field}\r\n\r\n").KeepsAlive, Is.EqualTo(expected));

    [TestCase("GET", "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", true)]
    [TestCase("POST", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", false)]
    [TestCase("GET", "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", false)]
    [TestCase("GET", "Upgrade: websocket\r\nConnection: Upgrade", false)]
    [TestCase("GET", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: short", false)]
    [TestCase("GET", "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", false)]
    [TestCase("GET", "Upgrade: h2c, websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", false)]
    [TestCase("GET", "Content-Length: 3\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", false)]
    public void Takes_no_upgrade_but_that_to_websocket(string method, string fields, bool expected) =>
        Assert.That(Heads.Request($"{method} / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n").WantsWebSocket, Is.EqualTo(expected));

    [Test]
    public void Skips_one_empty_line_first() =>
        Assert.That(Heads.Text(Heads.Request("\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n").Target), Is.EqualTo("/x"));
}

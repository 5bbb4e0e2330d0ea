using LoadBalancer.Faults;
using LoadBalancer.Http.Forwarding;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Tests.Forwarding;

internal sealed class HopByHopHeadersTests
{
    [Test]
    public void Fields_of_one_connection_go_and_the_others_stay_as_they_came()
    {
        Assert.That(
            Sent("Host: a", "accept: */*", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "TE: gzip", "Transfer-Encoding: chunked", "Upgrade: foo", "Connection: keep-alive",
                "Proxy-Authorization: Basic eA==", "ACCEPT: text/html", "Trailer: X-Sum"),
            Is.EqualTo(new[] { "Host: a", "accept: */*", "ACCEPT: text/html", "Trailer: X-Sum" }));
    }

    [TestCase("X_User_Id: 1")]
    [TestCase("X_Forwarded_Proto: https")]
    [TestCase("SCRIPT_NAME: /x")]
    [TestCase("Remote_User: root")]
    [TestCase("x-user_id: 1")]
    public void F2_a_name_with_an_underscore_is_dropped(string field) =>
        Assert.That(Sent("Host: a", field), Is.EqualTo(new[] { "Host: a" }));

    [Test]
    public void F3_httpoxy_is_dropped() =>
        Assert.That(Sent("Host: a", "Proxy: http://evil"), Is.EqualTo(new[] { "Host: a" }));

    [Test]
    public void F4_what_the_client_nominates_goes() =>
        Assert.That(
            Sent("Host: a", "X-User-Id: 1", "Authorization: x", "X-Forwarded-For: 1.1.1.1", "Connection: close, X-User-Id", "Connection: X-Forwarded-For , ,Authorization", "X-Kept: 1", "x-user-ID: 2"),
            Is.EqualTo(new[] { "Host: a", "X-Kept: 1" }));

    [Test]
    public void F4_host_and_length_cannot_be_nominated() =>
        Assert.That(Sent("Host: a", "Content-Length: 3", "Connection: Host, Content-Length"), Is.EqualTo(new[] { "Host: a", "Content-Length: 3" }));

    [Test]
    public void F4_nominating_without_end_is_refused()
    {
        var options = string.Join(',', Enumerable.Repeat("x", 65));
        Assert.That(HopByHopHeaders.Remove(Heads.Request("/", $"Connection: {options}").Request, 0, false), Is.EqualTo(FaultKind.RequestInvalid));
        Assert.That(HopByHopHeaders.Remove(Heads.Request("/", $"Connection: {options[2..]}").Request, 0, false), Is.EqualTo(FaultKind.None));
    }

    [Test]
    public void S1_a_length_that_some_server_moved_aside_is_never_passed_on() =>
        Assert.That(Sent("Host: a", "X-Content-Length: 6"), Is.EqualTo(new[] { "Host: a" }));

    [Test]
    public void W2_no_upgrade_but_WebSocket_is_passed_on() =>
        Assert.That(Sent("Host: a", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"), Is.EqualTo(new[] { "Host: a" }));

    [Test]
    public void Of_TE_only_trailers_stays() =>
        Assert.That(Sent("Host: a", "TE: gzip, trailers", "Connection: TE"), Is.EqualTo(new[] { "Host: a", "TE: trailers" }));

    [Test]
    public void A_response_loses_what_is_of_its_connection()
    {
        var exchange = Heads.Request("/");
        var response = exchange.Response;
        Fill(response, "Server: x", "Connection: close, X-Own", "X-Own: 1", "Transfer-Encoding: chunked", "Keep-Alive: 5", "Set-Cookie: a=1", "Set-Cookie: b=2", "Upgrade: h2",
            "Proxy-Authenticate: Basic", "X-Accel-Buffering: no", "Location: http://internal/", "X_Own: 1");
        ResponseFields.Prepare(response);
        Assert.That(response.Fields.Lines(), Is.EqualTo(new[]
        {
            "Server: x", "Set-Cookie: a=1", "Set-Cookie: b=2", "X-Accel-Buffering: no", "Location: http://internal/", "X_Own: 1", "Via: 1.1 lb",
        }));
    }

    private static void Fill(ResponseHead response, params string[] fields)
    {
        foreach (var field in fields)
        {
            var colon = field.IndexOf(':', StringComparison.Ordinal);
            response.Fields.Add(System.Text.Encoding.ASCII.GetBytes(field[..colon]), System.Text.Encoding.ASCII.GetBytes(field[(colon + 2)..]));
        }
    }

    private static string[] Sent(params string[] fields)
    {
        var request = Heads.Request("/", fields).Request;
        Assert.That(HopByHopHeaders.Remove(request, 0, false), Is.EqualTo(FaultKind.None));
        return request.Fields.Lines();
    }
}

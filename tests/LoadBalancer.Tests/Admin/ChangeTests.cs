using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Admin;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Tests.Admin;

/// <summary>Who may make a change through the admin listener, over real sockets.</summary>
[TestFixture("epoll")]
[TestFixture("sockets")]
internal sealed class ChangeTests(string transportKind)
{
    private const string Token = "correct-horse-battery-staple";
    private const string Local = "Host: localhost\r\n";

    private readonly List<AdminRequest> _made = [];
    private TemporaryFolder _folder = null!;
    private AdminTransport _transport = null!;
    private LogSink _log = null!;
    private ManualTime _time = null!;
    private AdminRefusals _refusals = null!;
    private AdminServer _server = null!;

    [SetUp]
    public void Prepare()
    {
        _made.Clear();
        _folder = new TemporaryFolder();
        _transport = new AdminTransport(transportKind);
        _log = new LogSink(LogDestination.File(_folder["log"]), LogStyle.Terminal, Severity.Info, TimeProvider.System);
        _time = new ManualTime();
        _refusals = new AdminRefusals(_time);
    }

    [TearDown]
    public async Task Stop()
    {
        await _server.DisposeAsync();
        _log.Dispose();
        _transport.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task The_user_of_lb_may_over_the_Unix_socket_and_the_log_says_who_it_was()
    {
        await StartAsync();
        var answer = Post(Socket, "/drain?upstream=orders");

        Assert.That(answer, Does.StartWith("HTTP/1.1 200").And.Contain("Content-Type: application/json"));
        Assert.That(_made.Single()["upstream"], Is.EqualTo("orders"));
        var uid = Libc.EffectiveUser();
        Assert.That(Log(), Does.Contain($"a change by an operator change=\"/drain?upstream=orders\" who=\"uid {uid}\" from=\"uid {uid} pid {Environment.ProcessId}\" status=200"));
    }

    [Test]
    public async Task Another_user_may_not_over_the_Unix_socket_and_is_told_who_may()
    {
        var uid = Libc.EffectiveUser();
        if (uid == 0)
        {
            // Root may everywhere, so what is asked here is the rule alone.
            var gate = new AdminGate(new AdminOptions(), [], user: 998, new TokenThrottle(_time));
            var caller = new AdminCaller { Host = "localhost", Local = new LocalPeer(new PeerCredentials(7, 1000, 1000)) };
            Assert.That(gate.RefuseChange(caller, out _)!.Why, Does.Contain("only root and uid 998, as whom lb runs").And.EndsWith("you are uid 1000"));
            await StartAsync();
            return;
        }

        await StartAsync(user: uid + 1);
        var answer = Post(Socket, "/drain");
        Assert.That(answer, Does.StartWith("HTTP/1.1 403").And.Contain($"you are uid {uid}"));
        Assert.That(_made, Is.Empty);
    }

    [Test]
    public async Task The_token_may_over_TCP()
    {
        await StartAsync(Token);
        Assert.That(Post(Tcp, "/drain", $"{Local}Authorization: Bearer {Token}\r\n"), Does.StartWith("HTTP/1.1 200"));
        Assert.That(Post(Tcp, "/drain", $"{Local}authorization: bearer {Token}\r\n"), Does.StartWith("HTTP/1.1 200"), "the scheme is not told apart by case");
        Assert.That(_made, Has.Count.EqualTo(2));
        Assert.That(Log(), Does.Contain("who=token from=127.0.0.1").And.Not.Contain(Token));
    }

    [Test]
    public async Task No_token_is_asked_for_one()
    {
        await StartAsync(Token);
        var answer = Post(Tcp, "/drain");
        Assert.That(answer, Does.StartWith("HTTP/1.1 401").And.Contain("WWW-Authenticate: Bearer realm=\"lb\""));
        Assert.That(Error(answer), Does.StartWith("a change needs the token"));
        Assert.That(_made, Is.Empty);
    }

    [Test]
    public async Task Where_no_token_is_configured_nobody_may_over_TCP()
    {
        await StartAsync();
        var answer = Post(Tcp, "/drain", $"{Local}Authorization: Bearer anything\r\n");
        Assert.That(answer, Does.StartWith("HTTP/1.1 403"));
        Assert.That(Error(answer), Does.Contain("admin.token"));
        Assert.That(_made, Is.Empty);
    }

    [TestCase("Bearer correct-horse-battery-stapl")]
    [TestCase("Bearer correct-horse-battery-staple2")]
    [TestCase("Bearer")]
    [TestCase("Basic correct-horse-battery-staple")]
    [TestCase("correct-horse-battery-staple")]
    public async Task A_wrong_token_is_refused_and_logged(string authorization)
    {
        await StartAsync(Token);
        var answer = Post(Tcp, "/drain", $"{Local}Authorization: {authorization}\r\n");
        Assert.That(answer, Does.StartWith("HTTP/1.1 401"));
        Assert.That(Error(answer), Is.EqualTo("the token is wrong"));
        Assert.That(_made, Is.Empty);
        Assert.That(Log(), Does.Contain("a change was refused change=/drain from=127.0.0.1 reason=\"the token is wrong\"").And.Not.Contain("horse"));
    }

    [Test]
    public async Task Five_wrong_tokens_and_the_right_one_waits_a_minute_too()
    {
        await StartAsync(Token);
        for (var attempt = 0; attempt < 5; attempt++)
        {
            Assert.That(Post(Tcp, "/drain", $"{Local}Authorization: Bearer wrong{attempt}\r\n"), Does.StartWith("HTTP/1.1 401"));
        }

        var refused = Post(Tcp, "/drain", $"{Local}Authorization: Bearer {Token}\r\n");
        Assert.That(refused, Does.StartWith("HTTP/1.1 429").And.Contain("Retry-After: 60"));
        Assert.That(_made, Is.Empty);

        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.That(Post(Tcp, "/drain", $"{Local}Authorization: Bearer {Token}\r\n"), Does.StartWith("HTTP/1.1 200"));
    }

    [TestCase("Host: evil.example\r\n", "421")]
    [TestCase("Host: localhost\r\nOrigin: http://evil.example\r\n", "403")]
    [TestCase("Host: localhost\r\nOrigin: null\r\n", "403")]
    public async Task A_page_in_a_browser_may_not_change_anything_by_any_way(string headers, string status)
    {
        await StartAsync(Token);
        Assert.That(Post(Tcp, "/drain", $"{headers}Authorization: Bearer {Token}\r\n"), Does.StartWith($"HTTP/1.1 {status}"));
        Assert.That(Post(Socket, "/drain", headers), Does.StartWith($"HTTP/1.1 {status}"), "a forwarded socket (ssh -L) has browsers in front");
        Assert.That(_made, Is.Empty);
    }

    [Test]
    public async Task A_name_of_the_file_is_answered_to()
    {
        await StartAsync(Token, "balancer.example.com");
        Assert.That(Post(Tcp, "/drain", $"Host: balancer.example.com:9090\r\nOrigin: http://balancer.example.com:9090\r\nAuthorization: Bearer {Token}\r\n"), Does.StartWith("HTTP/1.1 200"));
        Assert.That(Post(Tcp, "/drain", $"Host: x.balancer.example.com\r\nAuthorization: Bearer {Token}\r\n"), Does.StartWith("HTTP/1.1 421"));
    }

    [Test]
    public async Task Who_is_not_in_allow_ips_is_refused_over_TCP_with_the_token_too_and_the_Unix_socket_is_not_asked_for_an_address()
    {
        await StartAsync(Token, allow: "192.0.2.0/24");
        const string Why = "127.0.0.1 may not ask here: admin.allow_ips does not have it";
        foreach (var target in new[] { "/page", "/nothing" })
        {
            var read = RawHttp.Get(Tcp, target);
            Assert.That(read, Does.StartWith("HTTP/1.1 403").And.Contain("Connection: close"));
            Assert.That(RawHttp.Body(read), Is.EqualTo($"{Why}\n"));
        }

        var changed = Post(Tcp, "/drain", $"{Local}Authorization: Bearer {Token}\r\n");
        Assert.That(changed, Does.StartWith("HTTP/1.1 403"));
        Assert.That(Error(changed), Is.EqualTo(Why));
        Assert.That(_made, Is.Empty);
        Assert.That(RawHttp.Get(Socket, "/page"), Does.StartWith("HTTP/1.1 200"));
        Assert.That(Post(Socket, "/drain"), Does.StartWith("HTTP/1.1 200"));
    }

    [Test]
    public async Task Who_is_in_allow_ips_may_read_and_needs_the_token_still()
    {
        await StartAsync(Token, allow: "127.0.0.0/8");
        Assert.That(RawHttp.Get(Tcp, "/page"), Does.StartWith("HTTP/1.1 200"));
        Assert.That(Post(Tcp, "/drain"), Does.StartWith("HTTP/1.1 401"));
        Assert.That(Post(Tcp, "/drain", $"{Local}Authorization: Bearer {Token}\r\n"), Does.StartWith("HTTP/1.1 200"));
    }

    [Test]
    public async Task Who_asks_from_outside_is_a_line_in_the_log_once_a_minute()
    {
        const string Line = "an address that admin.allow_ips does not have asked the admin listener from=127.0.0.1 refused=";
        await StartAsync(allow: "192.0.2.0/24");
        for (var request = 0; request < 5; request++)
        {
            RawHttp.Get(Tcp, "/page");
        }

        Assert.That(Log(), Does.Contain($"{Line}1\n"));
        _time.Advance(TimeSpan.FromMinutes(1));
        RawHttp.Get(Tcp, "/page");
        Assert.That(Log(), Does.Contain($"{Line}5\n"));
        Assert.That(Log().Split(Line), Has.Length.EqualTo(3), "two lines");
    }

    [Test]
    public async Task Each_refusal_is_counted_under_its_reason_and_nothing_else_is()
    {
        await StartAsync(Token);
        const string Wrong = $"{Local}Authorization: Bearer {Token}2\r\n";
        RawHttp.Get(Tcp, "/page", headers: "Host: evil.example\r\n");
        RawHttp.Get(Tcp, "/page", headers: $"{Local}Origin: http://evil.example\r\n");
        RawHttp.Get(Tcp, "/page", headers: $"{Local}Content-Length: 5\r\n");
        Post(Tcp, "/drain");
        for (var guess = 0; guess < 7; guess++)
        {
            Post(Tcp, "/drain", Wrong);
        }

        Assert.That(RawHttp.Get(Tcp, "/page"), Does.StartWith("HTTP/1.1 200"));
        Assert.That(RawHttp.Get(Tcp, "/nothing"), Does.StartWith("HTTP/1.1 404"));
        Assert.That(Post(Socket, "/drain"), Does.StartWith("HTTP/1.1 200"));
        Assert.That(Refused(), Is.EqualTo(new[] { "HostUnknown 1", "OriginForeign 1", "BodyNotTaken 1", "TokenMissing 1", "TokenWrong 5", "TokenThrottled 2" }));
    }

    [Test]
    public async Task A_change_where_no_token_is_configured_and_an_address_outside_are_reasons_of_their_own()
    {
        await StartAsync();
        Post(Tcp, "/drain");
        await _server.DisposeAsync();
        await StartAsync(Token, allow: "192.0.2.0/24");
        RawHttp.Get(Tcp, "/page");
        Post(Tcp, "/drain");
        Assert.That(Refused(), Is.EqualTo(new[] { "AddressDenied 2", "TokenNotConfigured 1" }));
    }

    [TestCase("Content-Length: 1000000000\r\n", "")]
    [TestCase("Content-Length: 1\r\n", "x")]
    [TestCase("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n")]
    public async Task A_body_is_refused_unread_and_not_taken_for_the_next_request(string header, string body)
    {
        await StartAsync();
        const string Next = "POST /drain HTTP/1.1\r\nHost: localhost\r\n\r\n";
        var answer = RawHttp.Exchange(Socket, $"POST /drain HTTP/1.1\r\n{Local}{header}\r\n{body}{Next}");
        Assert.That(answer, Does.StartWith("HTTP/1.1 413").And.Contain("Connection: close"));
        Assert.That(_made, Is.Empty);
    }

    [TestCase("/drain?upstraem=x", "unknown parameter 'upstraem'; did you mean 'upstream'?; there are upstream, wait")]
    [TestCase("/drain?upstream=x&upstream=y", "'upstream' is given twice")]
    public async Task Parameters_are_checked(string target, string error)
    {
        await StartAsync();
        var answer = Post(Socket, target);
        Assert.That(answer, Does.StartWith("HTTP/1.1 400"));
        Assert.That(Error(answer), Is.EqualTo(error));
        Assert.That(_made, Is.Empty);
    }

    [TestCase("GET")]
    [TestCase("HEAD")]
    [TestCase("PUT")]
    public async Task A_change_is_made_with_POST_only(string method)
    {
        await StartAsync();
        Assert.That(RawHttp.Get(Socket, "/drain", method), Does.StartWith("HTTP/1.1 405").And.Contain("Allow: POST"));
        Assert.That(_made, Is.Empty);
    }

    [Test]
    public async Task What_exists_is_said_with_its_method()
    {
        await StartAsync();
        Assert.That(RawHttp.Body(RawHttp.Get(Tcp, "/")), Is.EqualTo("nothing here; there are /page, and with POST /broken /drain\n"));
    }

    [Test]
    public async Task A_change_that_fails_is_500_and_in_the_log()
    {
        await StartAsync();
        Assert.That(Post(Socket, "/broken"), Does.StartWith("HTTP/1.1 500"));
        Assert.That(Log(), Does.Contain("a change failed change=/broken error=\"InvalidOperationException: by a test\""));
    }

    private EndPoint Tcp => _server.Addresses[0];

    private EndPoint Socket => _server.Addresses[1];

    private static string Post(EndPoint server, string target, string headers = Local) => RawHttp.Get(server, target, "POST", headers);

    private static string Error(string answer) => JsonElement.Parse(RawHttp.Body(answer)).GetProperty("error").GetString()!;

    private IEnumerable<string> Refused() => Enum.GetValues<AdminRefusalReason>().Where(reason => _refusals[reason] > 0).Select(reason => $"{reason} {_refusals[reason]}");

    private string Log()
    {
        _log.Flush(TimeSpan.FromSeconds(10));
        return File.ReadAllText(_folder["log"]);
    }

    private async Task StartAsync(string? token = null, string? name = null, uint? user = null, string? allow = null)
    {
        var options = new AdminOptions { Token = token is null ? null : new Secret(token), Names = name is null ? [] : [name], AllowIps = allow is null ? [] : [IPNetwork.Parse(allow)] };
        _server = new AdminServer(
            [new IPEndPoint(IPAddress.Loopback, 0), new UnixDomainSocketEndPoint(_folder["admin.sock"])],
            [new SamplePage("/page", _ => AdminAnswer.Text(200, "ok"))],
            [
                new SampleAction("/drain", request =>
                {
                    _made.Add(request);
                    return AdminAnswer.Json(200, "{}"u8.ToArray());
                }, "upstream", "wait"),
                new SampleAction("/broken", _ => throw new InvalidOperationException("by a test")),
            ],
            new Live<AdminGate>(new AdminGate(options, [], user ?? Libc.EffectiveUser(), new TokenThrottle(_time))),
            _refusals,
            _transport.Factory,
            _log);
        await _server.StartAsync(default);
    }
}

using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Http.Tests.Authentication;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>A service that is asked about each request, end to end.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
[CancelAfter(60_000)]
internal sealed class ExternalScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    [Test]
    public async Task The_service_learns_of_the_request_what_lb_makes_of_it()
    {
        await using var service = new LoopbackService(_ => LoopbackService.Answer(204));
        await using var gateway = await StartAsync(service);
        var response = gateway.Gateway.Get("/a/./b/../c?x=%41", "Authorization: Digest a=b\r\nCookie: a=b\r\nX-Forwarded-For: 9.9.9.9\r\nX-Original-Uri: /public\r\nX-Other: 1\r\n", "api.example.com:81");
        var question = service.Requests.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(response.Status, Is.EqualTo(200));
            Assert.That((question.Method, question.Target), Is.EqualTo(("GET", "/check?a=b")));
            Assert.That(question.Headers["X-Original-Method"], Is.EqualTo("GET"));
            Assert.That(question.Headers["X-Original-Host"], Is.EqualTo("api.example.com:81"));
            Assert.That(question.Headers["X-Original-Uri"], Is.EqualTo("/a/c?x=%41"));
            Assert.That(question.Headers["X-Forwarded-For"], Is.EqualTo("127.0.0.1"));
            Assert.That(question.Headers["X-Forwarded-Proto"], Is.EqualTo("http"));
            Assert.That(question.Headers["Authorization"], Is.EqualTo("Digest a=b"));
            Assert.That(question.Headers["Cookie"], Is.EqualTo("a=b"));
            Assert.That(question.Headers.ContainsKey("X-Other"), Is.False);
        }
    }

    [Test]
    public async Task The_endpoint_gets_the_fields_that_are_named_and_no_client_can_supply_them()
    {
        await using var service = new LoopbackService(_ => LoopbackService.Answer(200, "", "text/plain", "X-User-Id: ann", "X-Group: a", "X-Group: b", "X-More: no", "Set-Cookie: a=b"));
        await using var gateway = await StartAsync(service, ", forward: [X-User-Id, X-Group, X-Absent], subject_header: X-User-Id");
        gateway.Gateway.Get("/", "X-User-Id: eve\r\nx_user_id: eve\r\nX-ABSENT: eve\r\n");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(gateway.Forwarded["X-User-Id"], Is.EqualTo("ann"));
            Assert.That(gateway.Forwarded["X-Group"], Is.EqualTo("a, b"));
            Assert.That(gateway.Forwarded.Fields, Has.None.Contains("X-More").And.None.Contains("eve").And.None.Contains("Set-Cookie"));
        }
    }

    [Test]
    public async Task A_no_is_passed_on_with_what_to_try_instead()
    {
        await using var service = new LoopbackService(request => request.Headers["X-Original-Uri"] == "/a"
            ? LoopbackService.Answer(401, "secret inside", "text/plain", "WWW-Authenticate: Digest realm=\"a\", nonce=\"1\"", "WWW-Authenticate: Basic realm=\"a\"")
            : LoopbackService.Answer(403));
        await using var gateway = await StartAsync(service, ", cache: 60s");
        var (unknown, forbidden) = (gateway.Gateway.Get("/a"), gateway.Gateway.Get("/b"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((unknown.Status, forbidden.Status), Is.EqualTo((401, 403)));
            Assert.That(unknown.Values("WWW-Authenticate"), Is.EqualTo(["Digest realm=\"a\", nonce=\"1\"", "Basic realm=\"a\""]));
            Assert.That(unknown.Text, Does.Contain("\"code\":\"external_denied\"").And.Not.Contains("secret"));
            Assert.That(forbidden.Text, Does.Contain("\"code\":\"external_forbidden\""));
            Assert.That(gateway.Endpoint.Requests, Is.Empty);
        }

        gateway.Gateway.Get("/a");
        gateway.Gateway.Get("/b");
        Assert.That(service.Requests.Select(request => request.Headers["X-Original-Uri"]), Is.EqualTo(["/a", "/b", "/a"]), "a challenge may be for one use, another no is remembered");
    }

    [TestCase(500)]
    [TestCase(408)]
    [TestCase(429)]
    public async Task Anything_else_is_a_failure(int status)
    {
        await using var service = new LoopbackService(_ => LoopbackService.Answer(status));
        await using var gateway = await StartAsync(service);
        Assert.That(gateway.Gateway.Get("/").Text, Does.Contain("\"code\":\"provider_unavailable\""));
        Assert.That(gateway.Endpoint.Requests, Is.Empty);
    }

    [Test]
    public async Task While_the_service_says_nothing_requests_pass_only_where_the_file_says_so()
    {
        var never = new TaskCompletionSource<byte[]>();
        await using var service = new LoopbackService(_ => never.Task);
        await using var denies = await StartAsync(service, ", timeout: 100ms");
        await using var allows = await StartAsync(service, ", timeout: 100ms, on_failure: allow, forward: [X-User-Id]");
        Assert.That((denies.Gateway.Get("/").Status, allows.Gateway.Get("/", "X-User-Id: eve\r\n").Status), Is.EqualTo((503, 200)));
        Assert.That(allows.Forwarded.Values("X-User-Id"), Is.Empty);
    }

    [Test]
    public async Task An_answer_holds_for_the_very_same_request_and_no_other()
    {
        await using var service = new LoopbackService(request => LoopbackService.Answer(request.Headers.ContainsKey("Authorization") ? 200 : 401));
        await using var gateway = await StartAsync(service, ", cache: 60s");
        string[] requests = ["/|Authorization: A\r\n", "/|Authorization: A\r\n", "/|Authorization: B\r\n", "/?a|Authorization: A\r\n", "/|", "/|Cookie: Authorization=A\r\n", "/|Authorization: A\r\n"];
        var statuses = requests.Select(request => gateway.Gateway.Get(request.Split('|')[0], request.Split('|')[1]).Status).ToArray();
        Assert.That(statuses, Is.EqualTo([200, 200, 200, 200, 401, 401, 200]));
        Assert.That(service.Requests, Has.Count.EqualTo(5));
    }

    [Test]
    public async Task An_answer_that_says_no_store_is_not_kept()
    {
        await using var service = new LoopbackService(_ => LoopbackService.Answer(200, "", "text/plain", "Cache-Control: no-store"));
        await using var gateway = await StartAsync(service, ", cache: 60s");
        gateway.Gateway.Get("/");
        gateway.Gateway.Get("/");
        Assert.That(service.Requests, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Two_credentials_of_one_name_are_refused_but_for_cookies()
    {
        await using var service = new LoopbackService(_ => LoopbackService.Answer(200));
        await using var gateway = await StartAsync(service);
        Assert.That(gateway.Gateway.Get("/", "Authorization: A\r\nAuthorization: B\r\n").Text, Does.Contain("\"code\":\"credential_ambiguous\""));
        Assert.That(service.Requests, Is.Empty);
        Assert.That(gateway.Gateway.Get("/", "Cookie: a=1\r\nCookie: b=2\r\n").Status, Is.EqualTo(200));
        Assert.That(service.Requests.Single().Headers["Cookie"], Is.EqualTo("a=1; b=2"));
    }

    [Test]
    public async Task What_the_service_was_sent_may_be_kept_from_the_endpoint()
    {
        await using var service = new LoopbackService(_ => LoopbackService.Answer(200));
        await using var gateway = await StartAsync(service, ", send: [X-Token], keep_credential: false");
        gateway.Gateway.Get("/", "X-Token: t\r\nAuthorization: A\r\n");
        Assert.That(service.Requests.Single().Headers.ContainsKey("Authorization"), Is.False);
        Assert.That((gateway.Forwarded["X-Token"], gateway.Forwarded["Authorization"]), Is.EqualTo(((string?)null, "A")));
    }

    private static Task<AuthGateway> StartAsync(LoopbackService service, string keys = "") => AuthGateway.StartAsync(
        $"{{check: {{external: {{url: \"{service.Address}/check?a=b\"{keys}}}}}}}", "{upstream: up, auth: check}");
}

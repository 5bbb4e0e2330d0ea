using System.Text;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Http.Tests.Authentication;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>Tokens about which their issuer is asked, end to end.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
[CancelAfter(60_000)]
internal sealed class IntrospectionScenarios(Carrier carrier) : IOverCarriers
{
    private const string Active = """{"active": true, "sub": "ann", "scope": "read write", "tier": "pro", "roles": ["admin", "a,b"], "exp": 4000000000}""";

    public Carrier Carrier => carrier;

    [Test]
    public async Task The_endpoint_learns_who_calls_and_the_issuer_who_asks()
    {
        await using var issuer = new LoopbackService(_ => LoopbackService.Answer(200, Active));
        await using var gateway = await StartAsync(issuer, ", forward: {sub: X-User-Id, roles: X-Roles}");
        var response = gateway.Gateway.Get("/", "Authorization: Bearer abc.def\r\nX-User-Id: eve\r\nx_roles: root\r\n");
        var question = issuer.Requests.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(response.Status, Is.EqualTo(200));
            Assert.That(gateway.Forwarded["X-User-Id"], Is.EqualTo("ann"));
            Assert.That(gateway.Forwarded["X-Roles"], Is.EqualTo("admin,a%2Cb"));
            Assert.That(gateway.Forwarded["Authorization"], Is.EqualTo("Bearer abc.def"));
            Assert.That((question.Method, question.Parameters["token"], question.Parameters["token_type_hint"]), Is.EqualTo(("POST", "abc.def", "access_token")));
            Assert.That(
                Encoding.ASCII.GetString(Convert.FromBase64String(question.Headers["Authorization"]["Basic ".Length..])),
                Is.EqualTo($"lb:{Uri.EscapeDataString(AuthGateway.Secret.Replace(' ', '_'))}"));
        }
    }

    [Test]
    public async Task The_password_may_be_in_the_form_and_the_token_kept_back()
    {
        await using var issuer = new LoopbackService(_ => LoopbackService.Answer(200, Active));
        await using var gateway = await StartAsync(issuer, ", client_auth: post, keep_credential: false");
        gateway.Gateway.Get("/", "Authorization: bearer abc\r\n");
        var question = issuer.Requests.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((question.Parameters["client_id"], question.Parameters["client_secret"]), Is.EqualTo(("lb", AuthGateway.Secret.Replace(' ', '_'))));
            Assert.That(question.Headers.ContainsKey("Authorization"), Is.False);
            Assert.That(gateway.Forwarded.Values("Authorization"), Is.Empty);
        }
    }

    [TestCase("""{"active": false}""", "token_inactive")]
    [TestCase("""{"active": true, "sub": "ann", "typ": "Refresh"}""", "token_inactive")]
    [TestCase("""{"active": true, "sub": "ann", "typ": "Offline"}""", "token_inactive")]
    [TestCase("""{"active": true, "sub": "ann", "exp": 1000}""", "token_expired")]
    [TestCase("""{"active": true, "sub": "ann", "nbf": 4000000000}""", "token_not_yet_valid")]
    [TestCase("""{"active": true, "sub": "ann", "aud": "other"}""", "token_audience_wrong", ", audiences: [mine]")]
    [TestCase("""{"active": true, "sub": "ann"}""", "token_audience_wrong", ", audiences: [mine]")]
    public async Task A_token_that_is_no_good_is_401_with_a_challenge(string answer, string reason, string keys = "")
    {
        await using var issuer = new LoopbackService(_ => LoopbackService.Answer(200, answer));
        await using var gateway = await StartAsync(issuer, keys);
        var response = gateway.Gateway.Get("/", "Authorization: Bearer abc\r\n");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((response.Status, response["WWW-Authenticate"]), Is.EqualTo((401, "Bearer error=\"invalid_token\"")));
            Assert.That(response.Text, Does.Contain($"\"code\":\"{reason}\""));
            Assert.That(gateway.Endpoint.Requests, Is.Empty);
        }
    }

    [TestCase("", 401, "credential_missing")]
    [TestCase("Authorization: Basic YTpi\r\n", 401, "credential_missing")]
    [TestCase("Authorization: Bearer\r\n", 401, "token_malformed")]
    [TestCase("Authorization: Bearer a b\r\n", 401, "token_malformed")]
    [TestCase("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n", 400, "credential_ambiguous")]
    [TestCase("Authorization: Basic YTpi\r\nAuthorization: Bearer b\r\n", 400, "credential_ambiguous")]
    public async Task What_is_no_token_is_refused_without_a_question(string fields, int status, string reason)
    {
        await using var issuer = new LoopbackService(_ => LoopbackService.Answer(200, Active));
        await using var gateway = await StartAsync(issuer);
        var response = gateway.Gateway.Get("/", fields);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(response.Status, Is.EqualTo(status));
            Assert.That(response.Text, Does.Contain($"\"code\":\"{reason}\""));
            Assert.That(issuer.Requests, Is.Empty);
        }
    }

    [Test]
    public async Task A_token_of_more_than_8_KiB_is_refused()
    {
        await using var issuer = new LoopbackService(_ => LoopbackService.Answer(200, Active));
        await using var gateway = await StartAsync(issuer);
        Assert.That(gateway.Gateway.Get("/", $"Authorization: Bearer {new string('a', 8193)}\r\n").Status, Is.EqualTo(400));
    }

    [TestCase("500|{}")]
    [TestCase("401|{\"error\":\"invalid_client\"}")]
    [TestCase("302|")]
    [TestCase("200|{\"active\": \"true\", \"sub\": \"ann\"}")]
    [TestCase("200|{\"active\": true, \"active\": false, \"sub\": \"ann\"}")]
    [TestCase("200|{\"active\": true, \"sub\": \"ann\", \"exp\": \"never\"}")]
    [TestCase("200|{\"active\": true}")]
    [TestCase("200|[true]")]
    [TestCase("200|")]
    public async Task An_issuer_that_gives_no_answer_of_use_is_503_and_never_a_yes(string answer)
    {
        var (status, body) = (int.Parse(answer.Split('|')[0], System.Globalization.CultureInfo.InvariantCulture), answer.Split('|')[1]);
        await using var issuer = new LoopbackService(_ => LoopbackService.Answer(status, body));
        await using var gateway = await StartAsync(issuer);
        var response = gateway.Gateway.Get("/", "Authorization: Bearer abc\r\n");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((response.Status, response["Retry-After"]), Is.EqualTo((503, "5")));
            Assert.That(response.Text, Does.Contain("\"code\":\"provider_unavailable\""));
            Assert.That(gateway.Endpoint.Requests, Is.Empty);
        }
    }

    [Test]
    public async Task An_answer_is_remembered_and_so_is_a_no()
    {
        await using var issuer = new LoopbackService(request => LoopbackService.Answer(200, request.Parameters["token"] == "good" ? Active : """{"active": false}"""));
        await using var gateway = await StartAsync(issuer);
        using var client = gateway.Gateway.Connect();
        for (var at = 0; at < 5; at++)
        {
            Assert.That(client.Get("/", "Authorization: Bearer good\r\n").ReadResponse().Status, Is.EqualTo(200));
            Assert.That(client.Get("/", "Authorization: Bearer bad\r\n").ReadResponse().Status, Is.EqualTo(401));
        }

        Assert.That(issuer.Requests.Select(request => request.Parameters["token"]), Is.EqualTo(["good", "bad"]));
    }

    [Test]
    public async Task Without_a_cache_each_request_is_a_question()
    {
        await using var issuer = new LoopbackService(_ => LoopbackService.Answer(200, Active));
        await using var gateway = await StartAsync(issuer, ", cache: off");
        Assert.That((gateway.Gateway.Get("/", "Authorization: Bearer a\r\n").Status, gateway.Gateway.Get("/", "Authorization: Bearer a\r\n").Status), Is.EqualTo((200, 200)));
        Assert.That(issuer.Requests, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Many_who_come_with_one_token_wait_for_one_answer()
    {
        const int Many = 20;
        var release = new TaskCompletionSource();
        await using var issuer = new LoopbackService(async _ =>
        {
            await release.Task;
            return LoopbackService.Answer(200, Active);
        });
        await using var gateway = await StartAsync(issuer);
        var clients = Enumerable.Range(0, Many).Select(_ => gateway.Gateway.Connect()).ToList();
        clients.ForEach(client => client.Get("/", "Authorization: Bearer abc\r\n"));
        await gateway.Gateway.Daemon.UntilAsync(_ => issuer.Requests.Count > 0, "a question");
        release.SetResult();
        Assert.That(clients.Select(client => client.ReadResponse().Status), Is.All.EqualTo(200));
        Assert.That(issuer.Requests, Has.Count.EqualTo(1));
        clients.ForEach(client => client.Dispose());
    }

    [Test]
    public async Task A_route_that_has_waited_long_enough_says_so()
    {
        var never = new TaskCompletionSource<byte[]>();
        await using var issuer = new LoopbackService(_ => never.Task);
        await using var gateway = await StartAsync(issuer, route: ", timeout: 300ms");
        var response = gateway.Gateway.Get("/", "Authorization: Bearer abc\r\n");
        Assert.That((response.Status, response.Text.Contains("\"code\":\"exchange_timeout\"", StringComparison.Ordinal)), Is.EqualTo((504, true)));
    }

    [Test]
    public async Task A_client_that_leaves_costs_nobody_else_the_answer()
    {
        var release = new TaskCompletionSource();
        await using var issuer = new LoopbackService(async _ =>
        {
            await release.Task;
            return LoopbackService.Answer(200, Active);
        });
        await using var gateway = await StartAsync(issuer);
        using var stays = gateway.Gateway.Connect();
        using (var leaves = gateway.Gateway.Connect())
        {
            leaves.Get("/", "Authorization: Bearer abc\r\n");
            await gateway.Gateway.Daemon.UntilAsync(_ => issuer.Requests.Count > 0, "a question");
        }

        stays.Get("/", "Authorization: Bearer abc\r\n");
        release.SetResult();
        Assert.That(stays.ReadResponse().Status, Is.EqualTo(200));
        Assert.That(issuer.Requests, Has.Count.EqualTo(1));
    }

    private static Task<AuthGateway> StartAsync(LoopbackService issuer, string keys = "", string route = "") => AuthGateway.StartAsync(
        $"{{tokens: {{introspection: {{url: \"{issuer.Address}/introspect\", client_id: lb, client_secret: SECRET{keys}}}}}}}", $"{{upstream: up, auth: tokens{route}}}");
}

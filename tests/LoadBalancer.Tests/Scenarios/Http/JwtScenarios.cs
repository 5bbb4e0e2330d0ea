using LoadBalancer.Daemon.Tests.Scenarios.Identity;
using LoadBalancer.Http.Authentication.Jwt;
using LoadBalancer.Http.Tests.Authentication;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>Callers that bring a JSON web token, from an issuer on loopback, through a whole daemon.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class JwtScenarios(Carrier carrier) : IOverCarriers
{
    private const string Routes =
        "{routes: [{path: /orders, upstream: up, auth: riders}, {path: /prices, upstream: up, auth: {any: [riders], optional: true}}, {path: /open, upstream: up}]}";

    private HttpEndpoint _endpoint = null!;
    private TestIssuer _issuer = null!;

    public Carrier Carrier => carrier;

    [SetUp]
    public void Listen() => (_endpoint, _issuer) = (new HttpEndpoint("ok"), new TestIssuer());

    [TearDown]
    public void Close()
    {
        _endpoint.Dispose();
        _issuer.Dispose();
    }

    [Test]
    public async Task A_good_token_is_let_pass_with_the_identity_in_fields()
    {
        await using var gateway = await StartAsync();
        Assert.That(Ask(gateway, "/orders", _issuer.Token("anna", "\"roles\":[\"a\",\"b\"]"), "X-User-Id: eve\r\nx_user_id: eve\r\n").Status, Is.EqualTo(200));

        var request = _endpoint.Requests[^1];
        Assert.That((request["X-User-Id"], request["X-Roles"]), Is.EqualTo(("anna", "a,b")));
        Assert.That(request.Fields, Has.None.Contains("eve"));
        Assert.That(request.Values("Authorization"), Has.Count.EqualTo(1), "the endpoint may verify it too");
    }

    [Test]
    public async Task Trap_34_lb_starts_without_the_issuer_and_finds_it_later()
    {
        _issuer.Status = "503 Service Unavailable";
        await using var gateway = await StartAsync();
        LimitScenarios.IsProblem(Ask(gateway, "/orders", _issuer.Token()), 503, "provider_unavailable");
        Assert.That(Ask(gateway, "/open").Status, Is.EqualTo(200));
        Assert.That(Ask(gateway, "/prices").Status, Is.EqualTo(200));
        LimitScenarios.IsProblem(Ask(gateway, "/prices", _issuer.Token()), 503, "provider_unavailable");

        _issuer.Status = "200 OK";
        Assert.That(() => Ask(gateway, "/orders", _issuer.Token()).Status, Is.EqualTo(200).After(Loopback.TimeoutMs, 20));
    }

    [Test]
    public async Task Trap_34_a_request_that_comes_before_the_keys_waits_for_them()
    {
        var gate = new TaskCompletionSource();
        _issuer.Pause = gate.Task;
        await using var gateway = await StartAsync();
        var answer = Task.Run(() => Ask(gateway, "/orders", _issuer.Token()).Status);
        Assert.That(() => _issuer.Fetches, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
        Assert.That(Ask(gateway, "/open").Status, Is.EqualTo(200));
        gate.SetResult();

        Assert.That(await answer, Is.EqualTo(200));
    }

    [Test]
    public async Task Trap_34_names_of_keys_that_nobody_has_lead_to_no_fetches()
    {
        await using var gateway = await StartAsync();
        Assert.That(Ask(gateway, "/orders", _issuer.Token()).Status, Is.EqualTo(200));
        using (var client = gateway.Connect())
        {
            for (var at = 0; at < 300; at++)
            {
                var token = _issuer.Sign(_issuer.Claims(), header: $$"""{"alg":"RS256","kid":"{{at}}"}""");
                var answer = client.Get("/orders", $"Authorization: Bearer {token}\r\n").ReadResponse();
                Assert.That(answer.Status, Is.AnyOf(401, 429), "who goes on with it is throttled");
            }
        }

        Assert.That(_issuer.Fetches, Is.EqualTo(1));
    }

    [Test]
    public async Task Trap_35_a_bad_token_is_no_anonymous_caller()
    {
        await using var gateway = await StartAsync();
        Assert.That(Ask(gateway, "/prices", "", "X-User-Id: eve\r\n").Status, Is.EqualTo(200));
        Assert.That(_endpoint.Requests[^1].Values("X-User-Id"), Is.Empty);

        var expired = _issuer.Sign($$"""{"iss":"{{_issuer.Name}}","aud":"api","sub":"anna","exp":1}""");
        LimitScenarios.IsProblem(Ask(gateway, "/prices", expired), 401, "token_expired");
        LimitScenarios.IsProblem(Ask(gateway, "/prices", _issuer.Token() + "x"), 401, "token_malformed");
        LimitScenarios.IsProblem(Ask(gateway, "/prices", "none"), 401, "token_malformed");
        LimitScenarios.IsProblem(Ask(gateway, "/prices", _issuer.Token(key: TestKey.Secret("key-1", new string('s', 32)))), 401, "token_algorithm_refused");
        Assert.That(_endpoint.Requests, Has.Count.EqualTo(1), "nothing of it reached the endpoint");
    }

    [Test]
    public async Task J1_to_J6_each_bad_token_has_its_reason_and_its_challenge()
    {
        await using var gateway = await StartAsync();
        var forger = TestKey.Rsa("key-1", System.Security.Cryptography.RSA.Create(2048));
        var later = _issuer.Seconds(TimeSpan.FromHours(1));
        (string Token, int Status, string Reason)[] cases =
        [
            ($"{TestIssuer.Encode("{\"alg\":\"none\"}")}.{TestIssuer.Encode(_issuer.Claims())}.", 401, "token_algorithm_refused"),
            (_issuer.Token(key: forger), 401, "token_signature_invalid"),
            (_issuer.Sign(_issuer.Claims(), header: "{\"alg\":\"RS256\",\"kid\":\"../../dev/null\"}"), 401, "token_key_unknown"),
            (_issuer.Sign(_issuer.Claims(), forger, $$"""{"alg":"RS256","kid":"key-1","jku":"{{_issuer.Url}}","jwk":{{forger.Jwk()}}}"""), 401, "token_signature_invalid"),
            (_issuer.Sign($$"""{"iss":"{{_issuer.Name}}/","aud":"api","sub":"a","exp":{{later}}}"""), 401, "token_issuer_wrong"),
            (_issuer.Sign($$"""{"iss":"{{_issuer.Name}}","aud":"other","sub":"a","exp":{{later}}}"""), 401, "token_audience_wrong"),
            (_issuer.Sign($$"""{"iss":"{{_issuer.Name}}","aud":"api","sub":"a","exp":{{later}},"nbf":{{later}}}"""), 401, "token_not_yet_valid"),
            (_issuer.Sign($$"""{"iss":"{{_issuer.Name}}","aud":"api","sub":"a"}"""), 401, "token_malformed"),
            (_issuer.Sign(_issuer.Claims(), header: "{\"alg\":\"RS256\",\"kid\":\"key-1\",\"crit\":[\"x\"]}"), 401, "token_unsupported"),
            ("a.b.c.d.e", 401, "token_unsupported"),
            (new string('a', 9000), 400, "credential_too_large"),
        ];

        using var client = gateway.Connect();
        foreach (var (token, status, reason) in cases)
        {
            var answer = client.Get("/orders", $"Authorization: Bearer {token}\r\n").ReadResponse();
            LimitScenarios.IsProblem(answer, status, reason);
            Assert.That(answer["WWW-Authenticate"], status == 401 ? Is.EqualTo("Bearer realm=\"riders\", error=\"invalid_token\"") : Is.Null, reason);
            Assert.That(answer.Text, Does.Not.Contain(token[..Math.Min(token.Length, 20)]));
        }

        var nobody = client.Get("/orders").ReadResponse();
        LimitScenarios.IsProblem(nobody, 401, "credential_missing");
        Assert.That(nobody["WWW-Authenticate"], Is.EqualTo("Bearer realm=\"riders\""));
        Assert.That(_endpoint.Requests, Is.Empty);
    }

    [Test]
    public async Task A_web_socket_has_its_token_verified_and_its_identity_attached()
    {
        using var endpoint = CallerGateway.Agreeing();
        await using var gateway = await StartAsync(endpoint);
        HttpMessage Open(string token) => Ask(gateway, "/orders", token, CallerGateway.WebSocket + "X-User-Id: eve\r\n");
        Assert.That(Open(_issuer.Token("anna")).Status, Is.EqualTo(101));
        Assert.That(endpoint.Requests.Single().Values("X-User-Id"), Is.EqualTo(["anna"]));

        LimitScenarios.IsProblem(Open(""), 401, "credential_missing");
        LimitScenarios.IsProblem(Open(_issuer.Sign($$"""{"iss":"{{_issuer.Name}}","aud":"api","sub":"anna","exp":1}""")), 401, "token_expired");
        LimitScenarios.IsProblem(Open(_issuer.Token(key: TestKey.Rsa("key-1", System.Security.Cryptography.RSA.Create(2048)))), 401, "token_signature_invalid");
        Assert.That(endpoint.Requests, Has.Count.EqualTo(1), "nobody else reached the endpoint");
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task An_issuer_that_rotates_its_keys_under_traffic_costs_no_good_token()
    {
        var time = new ManualTime(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
        using var issuer = new TestIssuer(time);
        issuer.Published = issuer.Jwks;
        await using var gateway = await BareGateway.StartAsync(Routes, $"{{{HttpGateway.Upstream("up", "", _endpoint)}}}\n{Auth(issuer)}", time: time);
        Assert.That(() => StatusOf(gateway, issuer.Token()), Is.EqualTo(200).After(Loopback.TimeoutMs, 5));
        Fetched(1);

        var key = issuer.Keys[0];
        var served = 0;
        var refused = 0;
        using var end = new CancellationTokenSource();

        // No request is under way while minutes pass at once: its own time would be over.
        using var passing = new ReaderWriterLockSlim();
        var traffic = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            while (!end.IsCancellationRequested)
            {
                passing.EnterReadLock();
                var status = StatusOf(gateway, issuer.Token(key: Volatile.Read(ref key)));
                passing.ExitReadLock();
                Interlocked.Increment(ref status == 200 ? ref served : ref refused);
            }
        })).ToArray();

        for (var number = 2; number <= 4; number++)
        {
            // As issuers do it: a key is published, then it signs, then the one before goes.
            var (before, next) = (key, TestKey.Ec($"key-{number}"));
            issuer.Published = $$"""{"keys":[{{before.Jwk()}},{{next.Jwk()}}]}""";
            Pass(JwksSource.ShortestInterval);
            Volatile.Write(ref key, next);
            await ServedAsync(50);
            Fetched((2 * number) - 2);
            issuer.Published = $$"""{"keys":[{{next.Jwk()}}]}""";

            // To the moment of the next fetch and no further, so that it does not run out of time.
            Pass(JwksSource.DefaultAge * 0.8);
            Fetched((2 * number) - 1);
            await ServedAsync(50);
        }

        await end.CancelAsync();
        await Task.WhenAll(traffic);
        Assert.That((refused, issuer.Fetches), Is.EqualTo((0, 7)), "one at the start; then for each new key one at once, and one ahead of its age");

        void Fetched(int times) =>
            Assert.That(() => (issuer.Fetches, gateway.IssuerKeys.IsFetching), Is.EqualTo((times, false)).After(Loopback.TimeoutMs, 5));

        void Pass(TimeSpan by)
        {
            passing.EnterWriteLock();
            time.Advance(by);
            passing.ExitWriteLock();
        }

        async Task ServedAsync(int more)
        {
            var until = Volatile.Read(ref served) + more;
            await Assert.ThatAsync(() => Task.FromResult(Volatile.Read(ref served) + Volatile.Read(ref refused)), Is.GreaterThanOrEqualTo(until).After(Loopback.TimeoutMs, 5));
        }
    }

    [Test]
    public async Task Keys_outlive_a_reload_that_changes_something_else()
    {
        await using var gateway = await StartAsync();
        Assert.That(Ask(gateway, "/orders", _issuer.Token()).Status, Is.EqualTo(200));
        _issuer.Status = "503 Service Unavailable";
        await gateway.Daemon.ReloadAsync(Text(", leeway: 10s"));

        Assert.That(Ask(gateway, "/orders", _issuer.Token()).Status, Is.EqualTo(200));
        Assert.That(_issuer.Fetches, Is.EqualTo(1));
    }

    private static HttpMessage Ask(HttpGateway gateway, string path, string token = "", string fields = "") =>
        gateway.Get(path, (token.Length == 0 ? "" : $"Authorization: Bearer {token}\r\n") + fields);

    private static int StatusOf(BareGateway gateway, string token) => gateway.Get("/orders", $"Authorization: Bearer {token}\r\n").Status;

    private Task<HttpGateway> StartAsync(HttpEndpoint? endpoint = null) => HttpGateway.OnAsync(DaemonHarness.StartAsync(Text(endpoint: endpoint)));

    private string Text(string more = "", HttpEndpoint? endpoint = null) => HttpGateway.Text(Routes, $"{{{HttpGateway.Upstream("up", "", endpoint ?? _endpoint)}}}") + Auth(_issuer, more);

    private static string Auth(TestIssuer issuer, string more = "") =>
        $"auth: {{riders: {{jwt: {{issuer: \"{issuer.Name}\", audiences: [api], keys: \"{issuer.Url}\", algorithms: [RS256, ES256], forward: {{sub: X-User-Id, roles: X-Roles}}{more}}}}}}}\n";
}

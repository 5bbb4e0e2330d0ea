using LoadBalancer.Daemon.Tests.Scenarios.Http;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>
/// Trap 30: every policy that refuses, on every kind of request, over both carriers. One gateway for all, with a route for each policy. A policy that is
/// added is a line in <see cref="Refusals"/> and a route.
/// </summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
[CancelAfter(60_000)]
internal sealed class EveryKindOfRequestScenarios(Carrier carrier) : IOverCarriers
{
    private const string Routes = """
        {path: "/address/*", upstream: up, deny_ips: [127.0.0.0/8]}, {path: "/cors/*", upstream: up, cors: "https://app.example.com"}, {path: "/auth/*", upstream: up, auth: web},
        {path: "/optional/*", upstream: up, auth: {any: web, optional: true}}, {path: "/known/*", upstream: up, auth: {any: web, optional: true}, require: {roles: rider}},
        {path: "/role/*", upstream: up, auth: web, require: {roles: rider}}, {path: "/scope/*", upstream: up, auth: web, require: {scopes: [read, write]}},
        {path: "/claim/*", upstream: up, auth: web, require: {claims: {tenant: acme}}}, {path: "/own/{id}/x", upstream: up, auth: web, require: {claims: {sub: "${path.id}"}}},
        {path: "/shadow/*", upstream: up, auth: web, require: {roles: rider}, deny_ips: [127.0.0.0/8], shadow: [allow_ips, auth, require]},
        {path: "/limit/*", upstream: up, rate_limit: spent}, {path: "/caller/*", upstream: up, auth: web, rate_limit: caller}, {path: "/watched/*", upstream: up, auth: web, rate_limit: [spent, caller], shadow: rate_limit}
        """;

    private CallerGateway _gateway = null!;

    public Carrier Carrier => carrier;

    /// <summary>Kinds of requests.</summary>
    public static string[] Kinds => ["GET", "HEAD", "POST", "OPTIONS", "websocket", "grpc"];

    /// <summary>A path, a token, and what is refused.</summary>
    public static object[][] Refusals =>
    [
        ["/address/x", "alice", 403, "address_denied"],
        ["/auth/x", "", 401, "credential_missing"],
        ["/auth/x", "eve", 401, "token_inactive"],
        ["/auth/x", "a b", 401, "token_malformed"],
        ["/auth/x", "alice\r\nAuthorization: Bearer bob", 400, "credential_ambiguous"],
        ["/optional/x", "eve", 401, "token_inactive"],
        ["/known/x", "", 401, "credential_missing"],
        ["/known/x", "bob", 403, "role_missing"],
        ["/role/x", "bob", 403, "role_missing"],
        ["/scope/x", "bob", 403, "scope_missing"],
        ["/claim/x", "bob", 403, "claim_mismatch"],
        ["/own/alice/x", "bob", 403, "claim_mismatch"],
        ["/limit/x", "", 429, "rate_limited"],
        ["/caller/x", "bob", 429, "rate_limited"],
    ];

    [OneTimeSetUp]
    public async Task Start()
    {
        _gateway = await CallerGateway.StartAsync(
            Routes.ReplaceLineEndings(" "), "rate_limits: {spent: {key: client_ip, limit: 1/h}, caller: {key: identity, limit: {default: {rate: 1/h}}}}\n");
        Assert.That((Ask("GET", "/limit/x", "").Status, Ask("GET", "/caller/x", CallerGateway.Bearer("bob")).Status), Is.EqualTo((200, 200)));
    }

    [OneTimeTearDown]
    public async Task Stop() => await _gateway.DisposeAsync();

    [Test]
    public void T30_what_is_refused_is_refused_on_every_kind_of_request([ValueSource(nameof(Kinds))] string kind, [ValueSource(nameof(Refusals))] object[] refusal)
    {
        var (path, token, status, reason) = ((string)refusal[0], (string)refusal[1], (int)refusal[2], (string)refusal[3]);
        var before = _gateway.Endpoint.Requests.Count;
        var response = Ask(kind, path, CallerGateway.Bearer(token));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_gateway.Endpoint.Requests, Has.Count.EqualTo(before), "nobody asked the endpoint");
            if (kind == "grpc")
            {
                Assert.That((response.Status, response["grpc-status"]), Is.EqualTo((200, status switch { 401 => "16", 403 => "7", 429 => "8", _ => "13" })));
                Assert.That(response["grpc-message"], Does.StartWith(reason + ", request "));
                return;
            }

            Assert.That(response.Status, Is.EqualTo(status));
            Assert.That(response.Values("WWW-Authenticate"), status == 401 || reason == "scope_missing" ? Is.Not.Empty : Is.Empty);
            Assert.That(response.Text, kind == "HEAD" ? Is.Empty : Does.Contain($"\"code\":\"{reason}\""));
            Assert.That(response.Text, Does.Not.Contain("alice").And.Not.Contain("bob").And.Not.Contain("rider").And.Not.Contain("acme"));
        }
    }

    [Test]
    public void T30_who_may_is_let_pass_on_every_kind_and_the_endpoint_learns_who_it_is(
        [Values("GET", "HEAD", "POST", "OPTIONS", "websocket")] string kind, [Values("/auth/x", "/optional/x", "/known/x", "/role/x", "/scope/x", "/claim/x", "/own/alice/x", "/shadow/x", "/watched/x")] string path)
    {
        var response = Ask(kind, path, CallerGateway.Bearer("alice") + "X-User-Id: mallory\r\nx_user_id: mallory\r\nTENANT: mallory\r\n");
        Assert.That(response.Status, Is.EqualTo(kind == "websocket" ? 101 : 200));
        Assert.That((_gateway.Forwarded["X-User-Id"], _gateway.Forwarded["Tenant"]), Is.EqualTo(("alice", "acme")));
        Assert.That(_gateway.Forwarded.Fields, Has.None.Contains("mallory"));
    }

    [Test]
    public void T36_nobody_and_a_caller_without_the_claim_leave_nothing([Values("GET", "POST", "websocket")] string kind, [Values("/optional/x:", "/shadow/x:bob", "/shadow/x:", "/shadow/x:eve", "/cors/x:")] string asked)
    {
        var response = Ask(kind, asked.Split(':')[0], CallerGateway.Bearer(asked.Split(':')[1]) + "Tenant: mallory\r\ntenant: mallory\r\nTENANT: mallory\r\nTen_ant: mallory\r\nX_User_Id: mallory\r\n");
        Assert.That(response.Status, Is.EqualTo(kind == "websocket" ? 101 : 200));
        Assert.That(_gateway.Forwarded.Values("Tenant"), Is.Empty);
        Assert.That(_gateway.Forwarded.Values("X-User-Id"), asked.EndsWith("bob", StringComparison.Ordinal) ? Is.EqualTo(new[] { "bob" }) : Is.Empty);
        Assert.That(_gateway.Forwarded.Fields, Has.None.Contains("mallory"));
    }

    [Test]
    public void W3_a_web_socket_of_another_origin_is_403_and_one_of_an_allowed_origin_is_not()
    {
        Assert.That(Ask("websocket", "/cors/x", "Origin: https://app.example.com\r\n").Status, Is.EqualTo(101));
        foreach (var origin in new[] { "https://evil.example", "null", "https://app.example.com.evil.example" })
        {
            var response = Ask("websocket", "/cors/x", $"Origin: {origin}\r\n");
            Assert.That((response.Status, response.Text.Contains("origin_denied", StringComparison.Ordinal)), Is.EqualTo((403, true)), origin);
        }
    }

    private HttpMessage Ask(string kind, string path, string fields)
    {
        using var client = _gateway.Gateway.Connect();
        if (kind == "websocket")
        {
            return client.Get(path, CallerGateway.WebSocket + fields).ReadResponse();
        }

        var (method, more) = kind == "grpc" ? ("POST", "Content-Type: application/grpc\r\nTE: trailers\r\n") : (kind, "");
        client.Send($"{method} {path} HTTP/1.1\r\nHost: test\r\n{more}{fields}{(method == "POST" ? "Content-Length: 1\r\n" : "")}\r\n{(method == "POST" ? "x" : "")}");
        return client.ReadResponse(toHead: kind == "HEAD");
    }
}

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>samples/order-chain: one request from the public address to an instance, and every step that may refuse it.</summary>
internal sealed class OrderChainSampleScenarios
{
    private GatewaySample _sample = null!;

    [OneTimeSetUp]
    public async Task Start() =>
        _sample = await GatewaySample.StartAsync("order-chain", "203.0.113.10:443", "10.0.7.10:8000", "10.0.7.11:8000", "10.0.7.12:8000", "10.0.7.20:8000");

    [OneTimeTearDown]
    public async Task End() => await _sample.DisposeAsync();

    [Test]
    public void An_order_arrives_with_who_sent_it_and_without_what_the_client_said_of_itself()
    {
        var response = _sample.Get("/api/v2/orders/7", Customer, "X-User-Id: root\r\nx_user_id: root\r\nX-Scopes: all\r\n");
        Assert.That((response.Status, response.Text.Split(' ')[0]), Is.EqualTo((200, "instance0")).Or.EqualTo((200, "instance1")).Or.EqualTo((200, "instance2")));
        var seen = _sample.Endpoints.Take(3).SelectMany(endpoint => endpoint.Requests).Last(request => request.FirstLine.Contains("/orders/7", StringComparison.Ordinal));
        Assert.That((seen.FirstLine, seen["X-User-Id"], seen["X-Scopes"], seen["X-Forwarded-Prefix"]), Is.EqualTo(("GET /orders/7 HTTP/1.1", "alice", "orders", "/api/v2")));
        Assert.That(seen.Fields, Has.None.Contains("root"));
    }

    [Test]
    public void The_old_version_is_read_and_says_when_it_ends()
    {
        var response = _sample.Get("/api/v1/orders/7", Customer);
        Assert.That((response.Status, response.Text.Split(' ')[0], response["Sunset"]), Is.EqualTo((200, "instance3", "Thu, 31 Dec 2026 23:59:59 GMT")));
    }

    [TestCase("/api/v2/orders", "", 401, "credential_missing")]
    [TestCase("/api/v2/orders", "nonsense", 401, "token_malformed")]
    [TestCase("/api/v2/orders", "scope", 403, "scope_missing")]
    [TestCase("/api/v2/orders", "audience", 401, "token_audience_wrong")]
    [TestCase("/api/v2/orders", "forged", 401, "token_signature_invalid")]
    [TestCase("/api/v1/../v2/orders", "", 401, "credential_missing")]
    [TestCase("/api/v3/orders", "good", 404, "no_route")]
    [TestCase("/api/v2%2forders", "good", 400, "path_invalid")]
    public void What_is_wrong_is_refused_by_the_step_that_sees_it(string target, string token, int status, string code) => LimitScenarios.IsProblem(
        _sample.Get(target, token switch
        {
            "good" => Customer,
            "scope" => _sample.Token("alice", "\"scope\":\"profile\""),
            "audience" => _sample.Issuer.Token("alice", "\"scope\":\"orders\""),
            "forged" => Customer[..^8] + (Customer[^8] == 'A' ? 'B' : 'A') + Customer[^7..],
            _ => token,
        }),
        status, code);

    [Test]
    public void Whoever_probes_the_port_needs_no_token() => Assert.That(_sample.Get("/lb-ready").Status, Is.EqualTo(200));

    [Test]
    public async Task Its_tests_pass()
    {
        var (code, output) = await _sample.RunAsync("test", "tests.yaml", "--every-route");
        Assert.That(code, Is.Zero, output);
    }

    private string Customer => field ??= _sample.Token("alice", "\"scope\":\"orders\"");
}

using LoadBalancer.Daemon.Tests.Scenarios.Http;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>Pages of other origins, end to end.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
[CancelAfter(60_000)]
internal sealed class CorsScenarios(Carrier carrier) : IOverCarriers
{
    private const string App = "https://app.example.com";

    private readonly HttpEndpoint _loose = new((wire, _) =>
        wire.Respond("ok", "Access-Control-Allow-Origin: https://evil.example\r\nAccess-Control-Allow-Credentials: true\r\nAccess-Control-Expose-Headers: Secret\r\nVary: Accept\r\n"));

    private CallerGateway _gateway = null!;

    public Carrier Carrier => carrier;

    [OneTimeSetUp]
    public async Task Start() => _gateway = await CallerGateway.StartAsync(
        $"{{path: /a, methods: [PUT], upstream: up, auth: web, cors: {{origins: [\"{App}\"], methods: [GET, PUT], headers: [Authorization], credentials: true}}}}, {{path: /a, methods: [GET], upstream: up}}, " +
        $"{{path: /b, upstream: loose, cors: {{origins: \"*\", expose: [X-Total]}}}}, {{path: /c, upstream: up, cors: \"{App}\", shadow: cors}}",
        upstreams: $", {HttpGateway.Upstream("loose", "", _loose)}");

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _gateway.DisposeAsync();
        _loose.Dispose();
    }

    [Test]
    public void T44_a_preflight_is_answered_before_anybody_asks_for_credentials_or_an_endpoint()
    {
        var before = _gateway.Endpoint.Requests.Count;
        var response = Preflight("/a", App, "PUT");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(response.Status, Is.EqualTo(204));
            Assert.That(response["Access-Control-Allow-Origin"], Is.EqualTo(App));
            Assert.That(response["Access-Control-Allow-Credentials"], Is.EqualTo("true"));
            Assert.That(response["Access-Control-Allow-Methods"], Is.EqualTo("GET, PUT"));
            Assert.That(response["Access-Control-Allow-Headers"], Is.EqualTo("Authorization"));
            Assert.That(response["Access-Control-Max-Age"], Is.EqualTo("600"));
            Assert.That(response["Vary"], Does.StartWith("Origin"));
            Assert.That(_gateway.Endpoint.Requests, Has.Count.EqualTo(before));
        }
    }

    [TestCase("https://evil.example")]
    [TestCase("null")]
    [TestCase("http://app.example.com")]
    public void T44_a_preflight_of_another_origin_is_403_and_allows_nothing(string origin)
    {
        var response = Preflight("/a", origin, "PUT");
        Assert.That((response.Status, response.Text.Contains("origin_denied", StringComparison.Ordinal)), Is.EqualTo((403, true)));
        Assert.That(response.Fields, Has.None.StartsWith("Access-Control-").IgnoreCase);
        Assert.That(response["Vary"], Does.StartWith("Origin"));
    }

    [Test]
    public void A_page_can_read_why_it_was_refused()
    {
        var response = Ask("PUT", "/a", $"Origin: {App}\r\n");
        Assert.That((response.Status, response["Access-Control-Allow-Origin"], response["Vary"]), Is.EqualTo((401, App, "Origin")));
        Assert.That(Ask("PUT", "/a", "Origin: https://evil.example\r\n")["Access-Control-Allow-Origin"], Is.Null);
    }

    [Test]
    public void What_an_endpoint_says_of_origins_is_replaced_with_credentials_never_beside_all()
    {
        var response = Ask("GET", "/b", $"Origin: {App}\r\n");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((response["Access-Control-Allow-Origin"], response["Access-Control-Allow-Credentials"], response["Access-Control-Expose-Headers"]), Is.EqualTo(("*", (string?)null, "X-Total")));
            Assert.That(response.Values("Vary"), Is.EqualTo(new[] { "Accept", "Origin" }));
            Assert.That(Ask("GET", "/b", "")["Access-Control-Allow-Origin"], Is.EqualTo("*"));
        }
    }

    [Test]
    public void A_route_without_cors_leaves_preflights_to_the_endpoint_and_one_in_the_shadow_too()
    {
        Assert.That(Preflight("/a", App, "GET").Status, Is.EqualTo(405), "the route of GET takes no OPTIONS");
        var response = Preflight("/c", "https://evil.example", "GET");
        Assert.That((response.Status, response.Text, response["Vary"]), Is.EqualTo((200, "ok", (string?)null)));
    }

    private HttpMessage Preflight(string path, string origin, string method) => Ask("OPTIONS", path, $"Origin: {origin}\r\nAccess-Control-Request-Method: {method}\r\n");

    private HttpMessage Ask(string method, string path, string fields)
    {
        using var client = _gateway.Gateway.Connect();
        return client.Send($"{method} {path} HTTP/1.1\r\nHost: test\r\n{fields}\r\n").ReadResponse();
    }
}

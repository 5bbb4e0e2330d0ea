using System.Text.Json;
using LoadBalancer.Daemon.Tests.Repository;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>samples/django-services/lb.yaml as it stands, with its addresses replaced, in front of endpoints that say who they are.</summary>
internal sealed class DjangoServicesSampleScenarios
{
    private const string Host = "api.example.com";

    private HttpEndpoint _auth = null!;
    private HttpEndpoint _one = null!;
    private HttpEndpoint _two = null!;
    private HttpEndpoint _books = null!;
    private HttpGateway _gateway = null!;

    [SetUp]
    public async Task Start()
    {
        (_auth, _one, _two, _books) = (new HttpEndpoint("auth"), new HttpEndpoint("users one"), new HttpEndpoint("users two"), new HttpEndpoint("books"));
        _gateway = await HttpGateway.OfFileAsync("web", WorkTree.Read("samples/django-services/lb.yaml")
            .Replace("\":80\"", "\"127.0.0.1:0\"", StringComparison.Ordinal)
            .Replace("10.0.5.10:8000", _auth.Address.ToString(), StringComparison.Ordinal)
            .Replace("10.0.5.20:8000", _one.Address.ToString(), StringComparison.Ordinal)
            .Replace("10.0.5.21:8000", _two.Address.ToString(), StringComparison.Ordinal)
            .Replace("10.0.5.30:8000", _books.Address.ToString(), StringComparison.Ordinal));
    }

    [TearDown]
    public async Task End()
    {
        await _gateway.DisposeAsync();
        _auth.Dispose();
        _one.Dispose();
        _two.Dispose();
        _books.Dispose();
    }

    [TestCase("/auth/login/?next=%2Fbooks%2F", "auth", "/login/?next=%2Fbooks%2F", "/auth")]
    [TestCase("/auth", "auth", "/", "/auth")]
    [TestCase("/users/42/", "users", "/42/", "/users")]
    [TestCase("/books/?page=2", "books", "/?page=2", "/books")]
    public void A_path_leads_to_its_service_which_sees_it_without_the_prefix(string target, string service, string seen, string prefix)
    {
        var response = _gateway.Get(target, host: Host);
        Assert.That((response.Status, response.Text.Split(' ')[0]), Is.EqualTo((200, service)));
        var request = Asked().Single();
        Assert.That((request.FirstLine, request["X-Forwarded-Prefix"]), Is.EqualTo(($"GET {seen} HTTP/1.1", prefix)));
    }

    [Test]
    public void A_service_learns_who_the_client_is_from_lb_and_never_from_the_client()
    {
        _gateway.Get(
            "/auth/me", host: Host, fields: "X-Forwarded-For: 9.9.9.9\r\nX-Real-IP: 9.9.9.9\r\nX_Real_IP: 9.9.9.9\r\nForwarded: for=9.9.9.9\r\n" +
            "X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example.org\r\nX-Forwarded-Prefix: /evil\r\nX-Request-Id: mine\r\nConnection: close, X-Real-IP\r\n");
        var request = Asked().Single();
        Assert.Multiple(() =>
        {
            Assert.That((request["X-Forwarded-For"], request["X-Real-IP"]), Is.EqualTo(("127.0.0.1", "127.0.0.1")));
            Assert.That((request["Host"], request["X-Forwarded-Host"], request["X-Forwarded-Proto"]), Is.EqualTo((Host, Host, "http")));
            Assert.That((request["X-Forwarded-Prefix"], request["Via"]), Is.EqualTo(("/auth", "1.1 lb")));
            Assert.That(request["X-Request-Id"], Does.Match("^[0-9a-f]{32}$"));
            Assert.That((request["X_Real_IP"], request["Forwarded"]), Is.EqualTo(((string?)null, (string?)null)));
        });
    }

    [Test]
    public void Each_request_has_an_id_of_its_own()
    {
        using var client = _gateway.Connect();
        for (var at = 0; at < 5; at++)
        {
            client.Get("/books/", host: Host).ReadResponse();
        }

        Assert.That(Asked().Select(request => request["X-Request-Id"]), Is.Unique.And.Exactly(5).Items);
    }

    [TestCase("/", Host, 404, "no_route")]
    [TestCase("/users2", Host, 404, "no_route")]
    [TestCase("/books/", "other.example.com", 404, "no_route")]
    [TestCase("/users/%2e%2e%2fauth/", Host, 400, "path_invalid")]
    [TestCase("/auth/admin/", Host, 403, "address_denied")]
    [TestCase("/users/../auth/admin/", Host, 403, "address_denied")]
    public void What_is_not_served_is_answered_by_lb(string target, string host, int status, string code)
    {
        var response = _gateway.Get(target, host: host);
        Assert.That((response.Status, response["Content-Type"]), Is.EqualTo((status, "application/problem+json")));
        var problem = JsonDocument.Parse(response.Body).RootElement;
        Assert.That((problem.GetProperty("status").GetInt32(), problem.GetProperty("code").GetString()), Is.EqualTo((status, code)));
        Assert.That(problem.GetProperty("request_id").GetString(), Does.Match("^[0-9a-f]{32}$"));
        Assert.That(Asked(), Is.Empty);
    }

    [Test]
    public void Only_the_admin_pages_are_for_the_office() =>
        Assert.That(_gateway.Get("/auth/administration", host: Host).Text, Is.EqualTo("auth"));

    [TestCase("POST")]
    [TestCase("DELETE")]
    public void The_catalogue_is_only_read(string method)
    {
        using var client = _gateway.Connect();
        var response = client.Send($"{method} /books/ HTTP/1.1\r\nHost: {Host}\r\nContent-Length: 0\r\n\r\n").ReadResponse();
        Assert.That((response.Status, response["Allow"]), Is.EqualTo((405, "GET, HEAD")));
        Assert.That(client.Send($"HEAD /books/ HTTP/1.1\r\nHost: {Host}\r\n\r\n").ReadResponse(toHead: true).Status, Is.EqualTo(200), "the connection goes on");
        Assert.That(Asked().Single().FirstLine, Is.EqualTo("HEAD / HTTP/1.1"));
    }

    [TestCase("/auth/login/", 2_000_000, 200)]
    [TestCase("/auth/login/", 2_000_001, 413)]
    [TestCase("/users/42/picture", 3_000_000, 200)]
    [TestCase("/users/42/picture", 20_000_001, 413)]
    public void A_body_is_bounded_and_pictures_may_be_larger(string target, int length, int status)
    {
        using var client = _gateway.Connect();
        client.Send($"POST {target} HTTP/1.1\r\nHost: {Host}\r\nContent-Length: {length}\r\n\r\n");
        if (status == 200)
        {
            client.Send(new byte[length]);
        }

        Assert.That(client.ReadResponse().Status, Is.EqualTo(status));
        Assert.That(Asked().Select(request => request.Body.Length), Is.EqualTo(status == 200 ? new[] { length } : []));
    }

    [Test]
    public async Task Both_workers_of_users_are_used_and_one_is_enough()
    {
        using (var first = _gateway.Connect())
        using (var second = _gateway.Connect())
        {
            var names = Enumerable.Range(0, 10).Select(at => (at % 2 == 0 ? first : second).Get($"/users/{at}", host: Host).ReadResponse().Text).ToList();
            Assert.That(names.Distinct(), Is.EquivalentTo(new[] { "users one", "users two" }));
        }

        _one.Dispose();
        Assert.That(Enumerable.Range(0, 10).Select(at => _gateway.Get($"/users/{at}", host: Host).Text), Is.All.EqualTo("users two"));
        await _gateway.Daemon.UntilAsync(status => BalancingScenarios.Endpoint(status, _one.Address).GetProperty("state").GetString() != "available", "it is found to be down");
    }

    [Test]
    public void A_service_that_is_down_is_a_problem_with_its_reason()
    {
        _books.Dispose();
        var response = _gateway.Get("/books/", host: Host);
        Assert.That(response.Status, Is.EqualTo(502).Or.EqualTo(503));
        Assert.That(response.Text, Does.Contain("\"connect_refused\"").Or.Contain("\"reset\"").Or.Contain("\"no_endpoint\""));
        Assert.That(_gateway.Get("/auth/", host: Host).Text, Is.EqualTo("auth"), "the other services do not notice");
    }

    [Test]
    public void A_balancer_in_front_may_ask_whether_lb_is_ready() =>
        Assert.That(_gateway.Get("/lb-ready", host: "10.0.0.1").Status, Is.EqualTo(200));

    /// <summary>What the services were asked, but for the probes.</summary>
    private List<HttpMessage> Asked() =>
        [.. new[] { _auth, _one, _two, _books }.SelectMany(endpoint => endpoint.Requests).Where(request => request.FirstLine.Split(' ')[1] != "/healthz")];
}

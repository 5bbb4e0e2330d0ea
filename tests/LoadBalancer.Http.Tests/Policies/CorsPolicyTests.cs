using LoadBalancer.Faults;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Policies.Cors;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Http.Server;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Policies;

internal sealed class CorsPolicyTests
{
    private static readonly CorsOptions App = new()
    {
        Origins = ["https://app.example.com", "http://localhost:3000", "https://*.example.org"],
        Methods = ["GET", "PUT"],
        Headers = ["Authorization", "X-Trip"],
        Expose = ["X-Request-Id"],
        Credentials = true,
    };

    [Test]
    public void Answers_a_preflight_by_itself()
    {
        var exchange = Preflight("https://app.example.com");
        Assert.That(Run(App, exchange), Is.EqualTo((PolicyVerdict.Answered, FaultKind.None)));
        Assert.That(exchange.Response.Status, Is.EqualTo(204));
        Assert.That(exchange.Response.Fields.Lines(), Is.EqualTo(new[]
        {
            "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers", "Access-Control-Allow-Origin: https://app.example.com", "Access-Control-Allow-Credentials: true",
            "Access-Control-Allow-Methods: GET, PUT", "Access-Control-Allow-Headers: Authorization, X-Trip", "Access-Control-Max-Age: 600",
        }));
    }

    [Test]
    public void A_preflight_of_another_origin_is_refused_and_allows_nothing()
    {
        var exchange = Preflight("https://evil.example");
        Assert.That(Run(App, exchange), Is.EqualTo((PolicyVerdict.Refused, FaultKind.OriginDenied)));
        Assert.That(exchange.Response.Fields.Lines(), Is.EqualTo(new[] { "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers" }));
    }

    [TestCase("https://app.example.com", true)]
    [TestCase("http://localhost:3000", true)]
    [TestCase("https://a.example.org", true)]
    [TestCase("https://a.b.example.org", true)]
    [TestCase("https://APP.example.com", false, Description = "browsers write lower case")]
    [TestCase("http://app.example.com", false)]
    [TestCase("https://app.example.com:444", false)]
    [TestCase("https://app.example.com.evil.net", false)]
    [TestCase("https://evilapp.example.com", false)]
    [TestCase("https://example.org", false)]
    [TestCase("https://.example.org", false)]
    [TestCase("https://evilexample.org", false)]
    [TestCase("http://a.example.org", false)]
    [TestCase("https://evil.net/.example.org", false)]
    [TestCase("https://evil.net?.example.org", false)]
    [TestCase("https://evil.net#.example.org", false)]
    [TestCase("https://evil.net@a.example.org", false)]
    [TestCase("https://evil.net:1.example.org", false)]
    [TestCase("https://a.example.org:8443", false)]
    [TestCase("null", false)]
    [TestCase("*", false)]
    [TestCase("", false)]
    public void An_origin_is_allowed_as_a_whole_and_echoed_as_it_came(string origin, bool isAllowed)
    {
        var exchange = Heads.Request("/", $"Origin: {origin}");
        Assert.That(Run(App, exchange), Is.EqualTo((PolicyVerdict.Allowed, FaultKind.None)), "a request itself is nobody's to refuse");
        Assert.That(exchange.Response.Fields.Values("Access-Control-Allow-Origin"), isAllowed ? Is.EqualTo(new[] { origin }) : Is.Empty);
        Assert.That(exchange.Response.Fields.Values("Vary"), Is.EqualTo(new[] { "Origin" }));
    }

    [Test]
    public void Two_origins_are_none()
    {
        var exchange = Heads.Request("/", "Origin: https://app.example.com", "Origin: https://app.example.com");
        Run(App, exchange);
        Assert.That(exchange.Response.Fields.Values("Access-Control-Allow-Origin"), Is.Empty);
    }

    [Test]
    public void What_an_endpoint_says_of_origins_is_replaced()
    {
        var exchange = Heads.Request("/", "Origin: https://app.example.com");
        Run(App, exchange, "access-control-allow-origin: *", "Access-Control-Allow-Private-Network: true", "Access-Control-Expose-Headers: Secret", "Vary: Accept-Encoding", "Server: x");
        Assert.That(exchange.Response.Fields.Lines(), Is.EqualTo(new[]
        {
            "Vary: Accept-Encoding", "Server: x", "Vary: Origin", "Access-Control-Allow-Origin: https://app.example.com", "Access-Control-Allow-Credentials: true", "Access-Control-Expose-Headers: X-Request-Id",
        }));
    }

    [TestCase("Accept, oRIGIN")]
    [TestCase("*")]
    public void Vary_says_it_once(string vary)
    {
        var exchange = Heads.Request("/");
        Run(App, exchange, $"Vary: {vary}");
        Assert.That(exchange.Response.Fields.Values("Vary"), Is.EqualTo(new[] { vary }));
    }

    [Test]
    public void A_request_of_no_page_is_answered_with_nothing_but_Vary()
    {
        var exchange = Heads.Request("/");
        Assert.That(Run(App, exchange), Is.EqualTo((PolicyVerdict.Skipped, FaultKind.None)));
        Assert.That(exchange.Response.Fields.Lines(), Is.EqualTo(new[] { "Vary: Origin" }));
    }

    [TestCase("https://anything.example")]
    [TestCase("null")]
    public void All_origins_are_one_answer_without_credentials(string origin)
    {
        var exchange = Preflight(origin);
        Assert.That(Run(new() { Origins = ["*"] }, exchange).Verdict, Is.EqualTo(PolicyVerdict.Answered));
        Assert.That(exchange.Response.Fields.Values("Access-Control-Allow-Origin"), Is.EqualTo(new[] { "*" }));
        Assert.That(exchange.Response.Fields.Values("Access-Control-Allow-Credentials"), Is.Empty);
    }

    [TestCase("https://app.example.com", FaultKind.None)]
    [TestCase("https://evil.example", FaultKind.OriginDenied)]
    [TestCase("null", FaultKind.OriginDenied)]
    [TestCase(null, FaultKind.None, Description = "no browser")]
    public void W3_a_web_socket_of_another_origin_is_refused(string? origin, FaultKind expected)
    {
        var exchange = Heads.Request("/", origin is null ? [] : [$"Origin: {origin}"]);
        exchange.Request.WantsWebSocket = true;
        Assert.That(Run(App, exchange).Kind, Is.EqualTo(expected));
    }

    [Test]
    public void What_becomes_of_Origin_later_changes_nothing()
    {
        var exchange = Heads.Request("/", "Origin: https://app.example.com");
        var policy = Policy(App);
        Assert.That(policy.OnRequestAsync(exchange).AsTask().Result.IsFinal, Is.False);
        exchange.Request.Fields.Remove(KnownHeader.Origin);
        policy.OnResponse(exchange);
        Assert.That(exchange.Response.Fields.Values("Access-Control-Allow-Origin"), Is.EqualTo(new[] { "https://app.example.com" }));
    }

    [Test]
    public void Allocates_nothing()
    {
        var policy = Policy(App);
        var exchange = Heads.Request("/", "Origin: https://a.example.org");
        var refused = false;
        Assert.That(Allocations.Of(() =>
        {
            exchange.Response.Reset();
            exchange.Decisions.Reset();
            var asked = policy.OnRequestAsync(exchange);
            refused |= !asked.IsCompletedSuccessfully || asked.Result.IsFinal;
            policy.OnResponse(exchange);
        }), Is.Zero);
        Assert.That(refused, Is.False);
    }

    [TestCase("https://App.Example.com", "https://app.example.com")]
    [TestCase("https://app.example.com:443", "https://app.example.com")]
    [TestCase("http://app.example.com:80", "http://app.example.com")]
    [TestCase("http://localhost:8080", "http://localhost:8080")]
    [TestCase("http://[::1]:8080", "http://[::1]:8080")]
    [TestCase("http://127.0.0.1", "http://127.0.0.1")]
    [TestCase("*.example.com", "https://*.example.com")]
    [TestCase("https://*.example.com:8443", "https://*.example.com:8443")]
    [TestCase("*", "*")]
    public void An_origin_of_the_file_is_kept_as_browsers_write_it(string text, string kept)
    {
        Assert.That(new OriginKind().TryParse(text, out var origin), Is.True);
        Assert.That(origin, Is.EqualTo(kept));
    }

    [TestCase("null", "'null' is the origin of whoever hides theirs, and never allowed")]
    [TestCase("http://*.example.com", "a wildcard is for https only: anybody on the way may be a host of a name in the clear")]
    [TestCase("https://app.example.com/", "an origin has no path: leave it and the slash out")]
    [TestCase("app.example.com", "write https://app.example.com")]
    [TestCase("https://*", null)]
    [TestCase("https://a.*.example.com", null)]
    [TestCase("https://app.example.com:0", null)]
    [TestCase("ftp://app.example.com", null)]
    [TestCase("https://", null)]
    public void What_no_browser_writes_is_an_error_at_load(string text, string? advice)
    {
        Assert.That(new OriginKind().TryParse(text, out _), Is.False);
        Assert.That(new OriginKind().Advice(text), Is.EqualTo(advice));
    }

    private static Exchange Preflight(string origin)
    {
        var exchange = Heads.Request("/", $"Origin: {origin}", "Access-Control-Request-Method: PUT");
        exchange.Request.Method = RequestMethod.Options;
        return exchange;
    }

    private static (PolicyVerdict Verdict, FaultKind Kind) Run(CorsOptions options, Exchange exchange, params string[] response)
    {
        var policy = Policy(options);
        var outcome = policy.OnRequestAsync(exchange).AsTask().Result;
        foreach (var field in response)
        {
            exchange.Response.Fields.Add(System.Text.Encoding.ASCII.GetBytes(field.Split(": ")[0]), System.Text.Encoding.ASCII.GetBytes(field.Split(": ")[1]));
        }

        policy.OnResponse(exchange);
        return (outcome.Verdict, outcome.Fault.Kind);
    }

    private static CorsPolicy Policy(CorsOptions options) => CorsPolicy.Create(new PolicyBuild(new() { Cors = options }, [], PolicyChain.Empty, Authentication(), LimitSet.Empty, null!))!;

    private static Http.Authentication.ProviderSet Authentication() => Http.Authentication.ProviderSet.Empty;
}

using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>Sessions whose provider is asked again, on a clock of the test's own.</summary>
[CancelAfter(60_000)]
internal sealed class OidcRefreshScenarios
{
    private const string Session = "__Host-lb~staff";

    private TemporaryFolder _folder;
    private ManualTime _time;
    private HttpEndpoint _endpoint;

    [SetUp]
    public void Begin()
    {
        (_folder, _time, _endpoint) = (new TemporaryFolder(), new ManualTime(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero)), new HttpEndpoint("ok"));
        File.WriteAllText(_folder["secret"], AuthGateway.Secret.Replace(' ', '_'));
    }

    [TearDown]
    public void End()
    {
        _endpoint.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task A_session_goes_on_as_long_as_the_provider_says_so()
    {
        await using var provider = new TestOpenIdProvider(_time) { Refreshes = true };
        await using var gateway = await StartAsync(provider);
        var browser = LoggedIn(gateway, provider);
        var first = browser.Cookies[Session];
        Assert.That(Ask(browser), Is.EqualTo((200, 0)));

        // Three quarters of the 300 s that its access token lasts.
        _time.Advance(TimeSpan.FromSeconds(230));
        provider.Claims = "\"roles\":[\"intern\"]";
        Assert.That((Ask(browser), provider.TokenRequests.Count), Is.EqualTo(((200, 1), 2)));
        Assert.That((browser.Cookies[Session], _endpoint.Requests[^1]["X-Roles"]), Is.Not.EqualTo((first, "intern")).And.EqualTo((browser.Cookies[Session], "intern")));

        _time.Advance(TimeSpan.FromSeconds(230));
        provider.KnowsSessions = false;
        Assert.That(browser.Get("/", "").Text, Does.Contain("\"code\":\"session_invalid\""), "who was locked out there is out here");
        Assert.That(browser.Cookies, Is.Empty);
    }

    [Test]
    public async Task A_session_that_goes_on_keeps_nobody_from_what_is_for_all()
    {
        await using var provider = new TestOpenIdProvider(_time) { Refreshes = true };
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{path: \"/*\", upstream: up, auth: staff, cache: {ttl: 1h, share: all}}], trusted_proxies: [127.0.0.0/8]}", Upstreams(provider, ""), time: _time);
        var browser = LoggedIn(gateway, provider);
        var late = browser.Copy();
        _time.Advance(TimeSpan.FromSeconds(230));
        var first = browser.Get("/");
        var second = browser.Get("/");
        var third = late.Get("/");

        Assert.That((first["Cache-Status"], first["Cache-Control"], first.Values("Set-Cookie").Count), Is.EqualTo(("lb; fwd=uri-miss; stored", "no-store", 1)));
        Assert.That((second["Cache-Status"], second["Cache-Control"], second.Values("Set-Cookie").Count), Is.EqualTo(("lb; hit; ttl=3600", (string?)null, 0)));
        Assert.That((third["Cache-Status"], third["Cache-Control"], third.Values("Set-Cookie").Count), Is.EqualTo(("lb; hit; ttl=3600", "no-store", 1)));
        Assert.That(_endpoint.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Requests_that_are_under_way_with_the_old_cookie_do_not_use_up_the_refresh_token_again()
    {
        await using var provider = new TestOpenIdProvider(_time) { Refreshes = true };
        await using var gateway = await StartAsync(provider);
        var browser = LoggedIn(gateway, provider);
        var late = browser.Copy();
        _time.Advance(TimeSpan.FromSeconds(230));
        Assert.That((Ask(browser), Ask(late), provider.TokenRequests.Count), Is.EqualTo(((200, 1), (200, 1), 2)));
    }

    [Test]
    public async Task A_refresh_whose_browser_leaves_is_kept_for_its_next_request()
    {
        await using var provider = new TestOpenIdProvider(_time) { Refreshes = true };
        await using var gateway = await StartAsync(provider);
        var browser = LoggedIn(gateway, provider);
        _time.Advance(TimeSpan.FromSeconds(230));
        var answer = new TaskCompletionSource();
        provider.Redeeming = answer.Task;
        browser.Leave("/", () => provider.TokenRequests.Count == 2);
        gateway.Settle();
        answer.SetResult();

        // Its refresh token is used up, and the cookie with the next one has reached nobody.
        Assert.That((Ask(browser), provider.TokenRequests.Count), Is.EqualTo(((200, 1), 2)));
        _time.Advance(TimeSpan.FromSeconds(100));
        Assert.That((Ask(browser), provider.TokenRequests.Count), Is.EqualTo(((200, 0), 2)));
        _time.Advance(TimeSpan.FromSeconds(150));
        Assert.That((Ask(browser), provider.TokenRequests.Count), Is.EqualTo(((200, 1), 3)), "it goes on from there");
    }

    [Test]
    public async Task A_logout_ends_the_cookies_from_before_a_refresh_too()
    {
        await using var provider = new TestOpenIdProvider(_time) { Refreshes = true };
        await using var gateway = await StartAsync(provider);
        var browser = LoggedIn(gateway, provider);
        var copy = browser.Copy();
        _time.Advance(TimeSpan.FromSeconds(230));
        Assert.That(Ask(browser), Is.EqualTo((200, 1)));
        Assert.That(browser.Get("/.lb/logout", "Sec-Fetch-Site: same-origin\r\n", "POST").Status, Is.EqualTo(303));
        Assert.That(copy.Get("/", "").Text, Does.Contain("\"code\":\"session_invalid\""));
        Assert.That(provider.TokenRequests, Has.Count.EqualTo(2), "nobody has asked with it");
    }

    [TestCase(", session: 10m", 1, TestName = "Other_options_know_the_provider_at_once(session)")]
    [TestCase(", algorithms: [RS256, ES256]", 2, TestName = "Other_options_know_the_provider_at_once(algorithms)")]
    public async Task Other_options_know_the_provider_at_once(string keys, int discoveries)
    {
        await using var provider = new TestOpenIdProvider(_time);
        await using var gateway = await StartAsync(provider);
        var browser = new TestBrowser(() => new HttpWire(Loopback.Connect(gateway.Address)));
        browser.Begin("/");
        await gateway.ReloadAsync(Http, Upstreams(provider, keys));
        Assert.That(browser.Get("/").Status, Is.EqualTo(302), "no login waits for what is known");
        Assert.That(() => provider.Discoveries, Is.EqualTo(discoveries).After(Loopback.TimeoutMs, 5));
    }

    [Test]
    public async Task A_provider_that_is_away_for_a_moment_is_noticed_by_nobody()
    {
        var provider = new TestOpenIdProvider(_time) { Refreshes = true };
        await using var gateway = await StartAsync(provider);
        var browser = LoggedIn(gateway, provider);
        await provider.DisposeAsync();
        _time.Advance(TimeSpan.FromSeconds(230));
        Assert.That(Ask(browser), Is.EqualTo((200, 0)));
        _time.Advance(TimeSpan.FromSeconds(80));
        Assert.That(browser.Get("/", "").Status, Is.EqualTo(503));
        Assert.That(browser.Cookies.ContainsKey(Session), Is.True, "nobody knows that it is over");
    }

    [Test]
    public async Task A_session_ends_in_the_end([Values] bool refreshes)
    {
        await using var provider = new TestOpenIdProvider(_time) { Refreshes = refreshes };
        await using var gateway = await StartAsync(provider, ", session: 10m");
        var browser = LoggedIn(gateway, provider);
        for (var at = 0; at < 5; at++)
        {
            _time.Advance(TimeSpan.FromSeconds(115));
            Assert.That(Ask(browser).Status, Is.EqualTo(200));
        }

        _time.Advance(TimeSpan.FromSeconds(26));
        Assert.That(browser.Get("/", "").Text, Does.Contain("\"code\":\"session_invalid\""));
        Assert.That(browser.Get("/").Status, Is.EqualTo(302));
    }

    private static (int Status, int Cookies) Ask(TestBrowser browser)
    {
        var response = browser.Get("/");
        return (response.Status, response.Values("Set-Cookie").Count);
    }

    private static TestBrowser LoggedIn(BareGateway gateway, TestOpenIdProvider provider)
    {
        var browser = new TestBrowser(() => new HttpWire(Loopback.Connect(gateway.Address)));
        Assert.That(browser.Get(provider.LogIn(browser.Begin("/"))).Status, Is.EqualTo(303));
        return browser;
    }

    private const string Http = "{routes: [{upstream: up, auth: staff}], trusted_proxies: [127.0.0.0/8]}";

    private Task<BareGateway> StartAsync(TestOpenIdProvider provider, string keys = "") => BareGateway.StartAsync(Http, Upstreams(provider, keys), time: _time);

    private string Upstreams(TestOpenIdProvider provider, string keys) =>
        $"{{{HttpGateway.Upstream("up", "", _endpoint)}}}\nauth: {{staff: {{oidc: {{issuer: \"{provider.Issuer}\", client_id: lb, client_secret: \"${{file:{_folder["secret"]}}}\", forward: {{roles: X-Roles}}{keys}}}}}}}";
}

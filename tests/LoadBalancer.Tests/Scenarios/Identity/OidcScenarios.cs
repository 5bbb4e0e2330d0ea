using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>Logins of people with browsers, and who attacks them (O1): end to end, with an issuer of the test's own.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
[CancelAfter(60_000)]
internal sealed class OidcScenarios(Carrier carrier) : IOverCarriers
{
    private const string Session = "__Host-lb~staff";
    private const string Login = "__Host-lb-login~staff~";

    public Carrier Carrier => carrier;

    [Test]
    public async Task A_login_ends_at_the_page_where_it_began()
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await StartAsync(provider, ", scopes: [openid, email], forward: {sub: X-User-Id, roles: X-Roles}");
        var browser = BrowserOf(gateway);
        var location = browser.Begin("/page?x=1&y=%2F");
        Assert.That(location, Does.StartWith($"{provider.Issuer}/authorize?tenant=a&response_type=code&client_id=lb&redirect_uri=https%3A%2F%2Fapp.test%2F.lb%2Fcallback&scope=openid%20email&state="));
        var back = browser.Get(provider.LogIn(location));
        Assert.That((back.Status, back["Location"], back["Cache-Control"]), Is.EqualTo((303, "/page?x=1&y=%2F", "no-store")));
        Assert.That((browser.Named(Login).Count(), browser.Cookies.ContainsKey(Session)), Is.EqualTo((0, true)));

        browser.Cookies["own"] = "kept";
        var page = browser.Get("/page", TestBrowser.Page + "X-User-Id: eve\r\nX_Roles: root\r\n");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((page.Status, page.Text, page.Values("Set-Cookie").Count), Is.EqualTo((200, "ok", 0)));
            Assert.That((gateway.Forwarded["X-User-Id"], gateway.Forwarded["X-Roles"], gateway.Forwarded["Cookie"]), Is.EqualTo(("ann", "admin", "own=kept")));
            Assert.That(gateway.Forwarded.Fields, Has.None.Contains("eve").And.None.Contains("root"));
        }
    }

    [TestCase("GET", "Accept: application/json\r\n")]
    [TestCase("GET", "")]
    [TestCase("GET", "Accept: text/html\r\nX-Requested-With: XMLHttpRequest\r\n")]
    [TestCase("GET", "Accept: text/html\r\nSec-Fetch-Mode: cors\r\n")]
    [TestCase("POST", "Accept: text/html\r\n")]
    public async Task A_program_gets_401_and_no_login(string method, string fields)
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await StartAsync(provider);
        var response = BrowserOf(gateway).Get("/", fields, method);
        Assert.That((response.Status, response["Location"], response["WWW-Authenticate"], response.Values("Set-Cookie").Count), Is.EqualTo((401, (string?)null, "Cookie", 0)));
    }

    [Test]
    public async Task A_way_back_that_this_browser_has_not_begun_is_refused()
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await StartAsync(provider);
        var (victim, attacker) = (BrowserOf(gateway), BrowserOf(gateway));
        var location = victim.Begin("/");
        var others = attacker.Begin("/");
        string[] ways =
        [
            // Of another browser: the attacker's own login, which would log the victim in as the attacker.
            provider.LogIn(others, "mallory"),
            provider.LogIn(location, "mallory", state: new Uri(others).Query.Split("state=")[1].Split('&')[0]),

            // Without a state, with an unknown one, and with one that has only the letters of the cookie's name.
            "/.lb/callback?code=code-1",
            "/.lb/callback?code=code-1&state=",
            "/.lb/callback?code=code-1&state=AAAAAAAAAAAAAAAA",
            $"/.lb/callback?code=code-1&state={victim.Named(Login).Single()[Login.Length..]}AAAA",

            // Twice, or with neither or both of code and error.
            provider.LogIn(location) + "&state=a",
            provider.LogIn(location) + "&code=a",
            "/.lb/callback",
        ];
        foreach (var way in ways)
        {
            var response = victim.Get(way);
            Assert.That((response.Status, response.Text.Contains("\"code\":\"login_invalid\"", StringComparison.Ordinal)), Is.EqualTo((400, true)), way);
        }

        Assert.That((victim.Cookies.ContainsKey(Session), provider.TokenRequests.Count), Is.EqualTo((false, 0)));
    }

    [Test]
    public async Task A_way_back_counts_once()
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await StartAsync(provider);
        var browser = BrowserOf(gateway);
        var location = browser.Begin("/");
        var copy = browser.Copy();
        Assert.That(browser.Get(provider.LogIn(location)).Status, Is.EqualTo(303));
        Assert.That((browser.Get(provider.LogIn(location)).Status, copy.Get(provider.LogIn(location)).Status), Is.EqualTo((400, 400)));
        Assert.That(copy.Cookies.ContainsKey(Session), Is.False);
    }

    [Test]
    public async Task A_refusal_of_the_provider_ends_the_login()
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await StartAsync(provider);
        var browser = BrowserOf(gateway);
        var back = provider.LogIn(browser.Begin("/")).Replace("code=", "error=access_denied&error_description=", StringComparison.Ordinal);
        Assert.That(browser.Get(back).Status, Is.EqualTo(400));
        Assert.That(browser.Cookies, Is.Empty);
    }

    [Test]
    public async Task A_code_that_was_given_to_somebody_else_is_no_use()
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await StartAsync(provider);
        var (attacker, victim) = (BrowserOf(gateway), BrowserOf(gateway));
        var (own, others) = (attacker.Begin("/"), victim.Begin("/"));
        var stolen = provider.LogIn(others, "victim");
        var state = new Uri(own).Query.Split("state=")[1].Split('&')[0];
        var response = attacker.Get($"/.lb/callback?code={stolen.Split("code=")[1].Split('&')[0]}&state={state}");
        Assert.That((response.Status, attacker.Cookies.ContainsKey(Session), provider.TokenRequests.Count), Is.EqualTo((400, false, 1)));
    }

    [Test]
    public async Task A_token_of_another_login_or_for_somebody_else_is_refused()
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await StartAsync(provider);
        var browser = BrowserOf(gateway);
        provider.Nonce = "another";
        Assert.That(browser.Get(provider.LogIn(browser.Begin("/"))).Status, Is.EqualTo(400));
        provider.Nonce = null;
        provider.Claims = "\"azp\":\"other\"";
        Assert.That(browser.Get(provider.LogIn(browser.Begin("/"))).Status, Is.EqualTo(400));
        Assert.That(browser.Cookies, Is.Empty);
    }

    [TestCase("", "https://other.example.com", false)]
    [TestCase("", null, true)]
    [TestCase(",\"authorization_response_iss_parameter_supported\":true", null, false)]
    [TestCase(",\"authorization_response_iss_parameter_supported\":true", "own", true)]
    public async Task A_way_back_names_the_provider_where_it_should(string discovery, string? issuer, bool passes)
    {
        await using var provider = new TestOpenIdProvider { Discovery = discovery };
        await using var gateway = await StartAsync(provider);
        var browser = BrowserOf(gateway);
        Assert.That(browser.Get(provider.LogIn(browser.Begin("/"), issuer: issuer == "own" ? provider.Issuer : issuer)).Status, Is.EqualTo(passes ? 303 : 400));
    }

    [Test]
    public async Task A_session_that_was_changed_is_none_and_its_cookies_go()
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await StartAsync(provider);
        await using var others = await StartAsync(provider);
        var (browser, stranger) = (BrowserOf(gateway), BrowserOf(others));
        browser.Get(provider.LogIn(browser.Begin("/")));
        stranger.Get(provider.LogIn(stranger.Begin("/")));
        var good = browser.Cookies[Session];
        string[] bad =
        [
            stranger.Cookies[Session], good[..^1], good[..60], good + "A", "1.", "1.AAAA", "2." + good[2..], "0." + good[2..], "9." + good[2..], good[2..], "x",
            good[..40] + (good[40] == 'A' ? 'B' : 'A') + good[41..], good[..^5] + (good[^5] == 'A' ? 'B' : 'A') + good[^4..], "1." + new string('A', 3801), "1.====",
        ];
        foreach (var cookie in bad)
        {
            browser.Cookies[Session] = cookie;
            var program = browser.Get("/", "Accept: application/json\r\n");
            Assert.That((program.Status, program.Text.Contains("\"code\":\"session_invalid\"", StringComparison.Ordinal)), Is.EqualTo((401, true)), cookie);
            Assert.That(browser.Cookies.ContainsKey(Session), Is.False);
            browser.Cookies[Session] = cookie;
            Assert.That((browser.Get("/").Status, browser.Cookies.ContainsKey(Session)), Is.EqualTo((302, false)), cookie);
        }

        Assert.That(gateway.Endpoint.Requests, Is.Empty);
        browser.Cookies[Session] = good;
        Assert.That(browser.Get("/").Status, Is.EqualTo(200));
    }

    [Test]
    public async Task The_cookie_of_a_login_is_none_of_a_session_and_the_other_way_round()
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await StartAsync(provider);
        var browser = BrowserOf(gateway);
        var location = browser.Begin("/");
        var name = browser.Named(Login).Single();
        browser.Cookies[Session] = "1." + browser.Cookies[name];
        Assert.That(browser.Get("/", "").Text, Does.Contain("\"code\":\"session_invalid\""));

        var other = BrowserOf(gateway);
        other.Get(provider.LogIn(other.Begin("/")));
        browser.Cookies[name] = other.Cookies[Session][2..];
        Assert.That(browser.Get(provider.LogIn(location)).Status, Is.EqualTo(400));
    }

    [Test]
    public async Task No_endpoint_gets_the_cookies_on_routes_without_a_login_either()
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await AuthGateway.StartAsync(
            $"{{staff: {{oidc: {{issuer: \"{provider.Issuer}\", client_id: lb, client_secret: SECRET}}}}}}", "{upstream: up, auth: staff}, {path: /open, upstream: up}", http: Proxied);
        var browser = BrowserOf(gateway);
        browser.Get(provider.LogIn(browser.Begin("/")));
        browser.Cookies["own"] = "kept";
        Assert.That((browser.Get("/open").Status, gateway.Forwarded["Cookie"]), Is.EqualTo((200, "own=kept")));
    }

    [Test]
    public async Task No_stand_in_for_errors_gets_the_code_of_a_login()
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await AuthGateway.StartAsync(
            $"{{staff: {{oidc: {{issuer: \"{provider.Issuer}\", client_id: lb, client_secret: SECRET}}}}}}", "{upstream: up, auth: staff, on_error: {400: {upstream: up}}}", http: Proxied);
        var browser = BrowserOf(gateway);
        var back = provider.LogIn(browser.Begin("/"));
        Assert.That((BrowserOf(gateway).Get(back).Status, gateway.Endpoint.Requests.Count), Is.EqualTo((400, 0)));
    }

    [Test]
    public async Task A_page_that_was_left_open_locks_nobody_out()
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await StartAsync(provider);
        var browser = BrowserOf(gateway);
        browser.Get(provider.LogIn(browser.Begin("/")));
        var left = browser.Copy();
        for (var at = 0; at < 70; at++)
        {
            left.Cookies[Session] = "1.AAAA";
            Assert.That(left.Get("/", "").Status, Is.EqualTo(401));
        }

        Assert.That(browser.Get("/").Status, Is.EqualTo(200));
    }

    [Test]
    public async Task A_session_is_new_with_each_login()
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await StartAsync(provider, ", forward: {sub: X-User-Id}");
        var (attacker, victim) = (BrowserOf(gateway), BrowserOf(gateway));
        attacker.Get(provider.LogIn(attacker.Begin("/"), "mallory"));
        var location = victim.Begin("/");
        victim.Cookies[Session] = attacker.Cookies[Session];
        victim.Get(provider.LogIn(location, "victim"));
        Assert.That(victim.Cookies[Session], Is.Not.EqualTo(attacker.Cookies[Session]));
        victim.Get("/");
        attacker.Get("/");
        Assert.That(gateway.Endpoint.Requests.Select(request => request["X-User-Id"]), Is.EqualTo(["victim", "mallory"]));
    }

    [Test]
    public async Task Nobody_elses_page_logs_a_person_out()
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await StartAsync(provider);
        var browser = BrowserOf(gateway);
        browser.Get(provider.LogIn(browser.Begin("/")));
        (string Method, string Fields)[] foreign =
        [
            ("GET", ""), ("POST", ""),
            ("GET", "Sec-Fetch-Site: cross-site\r\nReferer: https://app.test/\r\n"), ("POST", "Sec-Fetch-Site: same-site\r\nOrigin: https://app.test\r\n"), ("GET", "Sec-Fetch-Site: none\r\n"),
            ("POST", "Origin: https://evil.test\r\n"), ("POST", "Origin: null\r\n"), ("POST", "Origin: http://app.test\r\n"), ("POST", "Origin: https://app.test.evil.test\r\n"),
            ("GET", "Referer: https://evil.test/https://app.test/\r\n"), ("GET", "Referer: https://app.test.evil.test/\r\n"), ("GET", "Referer: https://app.test@evil.test/\r\n"),
        ];
        foreach (var (method, fields) in foreign)
        {
            var response = browser.Get("/.lb/logout", fields, method);
            Assert.That((response.Status, browser.Cookies.ContainsKey(Session)), Is.EqualTo((403, true)), $"{method} {fields}");
        }

        Assert.That(browser.Get("/").Status, Is.EqualTo(200));
    }

    [TestCase("GET", "Sec-Fetch-Site: same-origin\r\n")]
    [TestCase("POST", "Sec-Fetch-Site: same-origin\r\n")]
    [TestCase("POST", "Origin: https://app.test\r\n")]
    [TestCase("GET", "Referer: https://app.test/page\r\n")]
    public async Task A_logout_ends_the_session_here_and_goes_on_to_the_provider(string method, string fields)
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await StartAsync(provider, ", after_logout: /bye");
        var browser = BrowserOf(gateway);
        browser.Get(provider.LogIn(browser.Begin("/")));
        var copy = browser.Copy();
        Assert.That(copy.Get("/").Status, Is.EqualTo(200));
        var response = browser.Get("/.lb/logout", fields, method);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(response.Status, Is.EqualTo(303));
            Assert.That(response["Location"], Does.StartWith($"{provider.Issuer}/end?id_token_hint=ey").And.EndsWith("&client_id=lb&post_logout_redirect_uri=https%3A%2F%2Fapp.test%2Fbye"));
            Assert.That(browser.Cookies, Is.Empty);
            Assert.That(copy.Get("/", "").Text, Does.Contain("\"code\":\"session_invalid\""), "a copy of the cookies is no use either");
        }
    }

    [TestCase("//evil.test/")]
    [TestCase("///evil.test")]
    [TestCase("/%2F/evil.test")]
    [TestCase("/%5Cevil.test")]
    [TestCase("/.//evil.test")]
    [TestCase("/a/..//evil.test")]
    public async Task A_login_ends_on_the_own_host_whatever_was_asked_for(string target)
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await StartAsync(provider);
        var browser = BrowserOf(gateway);
        browser.Begin("/");
        var first = browser.Get(target);
        if (first.Status == 400)
        {
            // No path at all.
            return;
        }

        var location = browser.Get(provider.LogIn(first["Location"]!))["Location"]!;
        Assert.That(new Uri(new Uri("https://app.test/"), location).Host, Is.EqualTo("app.test"), location);
        Assert.That(location, Does.Match(@"\A/([^/\\]|\z)"));
    }

    [Test]
    public async Task Who_has_to_have_logged_in_with_two_factors_has()
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await StartAsync(provider, ", require: {amr: [mfa], acr: [high, higher]}");
        var browser = BrowserOf(gateway);
        foreach (var (claims, status) in new[]
        {
            ("\"a\":1", 403), ("\"amr\":[\"pwd\"],\"acr\":\"high\"", 403), ("\"amr\":[\"pwd\",\"mfa\"],\"acr\":\"low\"", 403), ("\"amr\":[\"pwd\",\"mfa\"],\"acr\":\"higher\"", 303),
        })
        {
            provider.Claims = claims;
            var location = browser.Begin("/");
            Assert.That(location, Does.EndWith("&acr_values=high%20higher"));
            Assert.That(browser.Get(provider.LogIn(location)).Status, Is.EqualTo(status), claims);
        }
    }

    [Test]
    public async Task A_long_session_is_cut_into_several_cookies()
    {
        await using var provider = new TestOpenIdProvider { Claims = $"\"groups\":[\"{new string('g', 5000)}\"]" };
        await using var gateway = await StartAsync(provider, ", forward: {sub: X-User-Id}");
        var browser = BrowserOf(gateway);
        browser.Get(provider.LogIn(browser.Begin("/")));
        Assert.That(browser.Named(Session).Order(), Is.EqualTo([Session, Session + "~1", Session + "~2"]));
        browser.Get("/");
        Assert.That((gateway.Forwarded["X-User-Id"], gateway.Forwarded["Cookie"]), Is.EqualTo(("ann", (string?)null)));

        browser.Cookies.Remove(Session + "~1");
        Assert.That((browser.Get("/", "").Status, browser.Cookies.Count), Is.EqualTo((401, 0)));
    }

    [Test]
    public async Task Instances_that_share_a_file_of_keys_know_each_others_sessions_and_a_key_that_left_it_opens_nothing()
    {
        using var folder = new TemporaryFolder();
        var (first, second) = (new string('1', 64), new string('2', 64));
        File.WriteAllText(folder["keys"], first);
        await using var provider = new TestOpenIdProvider();
        await using var one = await StartAsync(provider, $", cookie_keys: {folder["keys"]}");
        var browser = BrowserOf(one);
        browser.Get(provider.LogIn(browser.Begin("/")));

        File.WriteAllText(folder["keys"], $"# rotated\n{second}\n\n{first}\n");
        await using var other = await StartAsync(provider, $", cookie_keys: {folder["keys"]}");
        var there = new TestBrowser(other.Gateway.Connect) { Cookies = browser.Cookies };
        Assert.That(there.Get("/").Status, Is.EqualTo(200));

        File.WriteAllText(folder["keys"], second);
        await using var last = await StartAsync(provider, $", cookie_keys: {folder["keys"]}");
        Assert.That(new TestBrowser(last.Gateway.Connect) { Cookies = browser.Cookies }.Get("/", "").Status, Is.EqualTo(401));
    }

    [Test]
    public async Task Several_logins_at_once_end_each_by_itself_and_their_cookies_do_not_pile_up()
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await StartAsync(provider);
        var browser = BrowserOf(gateway);
        var (one, other) = (browser.Begin("/one"), browser.Begin("/other"));
        Assert.That((browser.Get(provider.LogIn(other))["Location"], browser.Get(provider.LogIn(one))["Location"]), Is.EqualTo(("/other", "/one")));

        browser.Cookies.Clear();
        for (var at = 0; at < 30; at++)
        {
            browser.Begin("/");
        }

        Assert.That(browser.Named(Login).Count(), Is.LessThanOrEqualTo(8));
    }

    [Test]
    public async Task A_provider_that_cannot_be_reached_is_503_for_people_and_no_matter_for_other_routes()
    {
        await using var gateway = await AuthGateway.StartAsync(
            $"{{staff: {{oidc: {{issuer: \"http://{Loopback.Refusing()}\", client_id: lb, client_secret: SECRET}}}}}}", "{upstream: up, auth: staff}, {path: /open, upstream: up}", http: Proxied);
        var browser = BrowserOf(gateway);
        Assert.That((browser.Get("/").Status, browser.Get("/", "").Status, browser.Get("/open").Status), Is.EqualTo((503, 401, 200)));
    }

    [Test]
    public async Task Without_https_there_is_no_login()
    {
        await using var provider = new TestOpenIdProvider();
        await using var gateway = await StartAsync(provider);
        Assert.That(gateway.Gateway.Get("/", TestBrowser.Page).Status, Is.EqualTo(401));
    }

    private const string Proxied = ", trusted_proxies: [127.0.0.0/8]";

    private static TestBrowser BrowserOf(AuthGateway gateway) => new(gateway.Gateway.Connect);

    private static Task<AuthGateway> StartAsync(TestOpenIdProvider provider, string keys = "") => AuthGateway.StartAsync(
        $"{{staff: {{oidc: {{issuer: \"{provider.Issuer}\", client_id: lb, client_secret: SECRET{keys}}}}}}}", "{host: app.test, upstream: up, auth: staff}, {upstream: up, path: /, auth: staff}", http: Proxied);
}

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>lb with an OpenID provider that others use too: what we think of the protocols is what they think.</summary>
[CancelAfter(240_000)]
internal sealed class RealProviderScenarios
{
    private static readonly string Secret = AuthGateway.Secret.Replace(' ', '_');

    private RealProvider _provider;

    [OneTimeSetUp]
    public async Task Begin() => _provider = await RealProvider.StartAsync(Secret);

    [OneTimeTearDown]
    public void End() => _provider.Dispose();

    [Test]
    public async Task A_person_logs_in_reads_a_page_and_logs_out()
    {
        await using var gateway = await AuthGateway.StartAsync(
            $"{{staff: {{oidc: {{issuer: \"{_provider.Issuer}\", client_id: lb, client_secret: SECRET, scopes: [openid, email], forward: {{sub: X-User-Id}}, after_logout: /bye}}}}}}",
            "{host: app.test, upstream: up, auth: staff}", http: ", trusted_proxies: [127.0.0.0/8]");
        var browser = new TestBrowser(gateway.Gateway.Connect);
        var back = await _provider.FollowAsync(browser.Begin("/page?a=b"));
        Assert.That(back.AbsoluteUri, Does.StartWith("https://app.test/.lb/callback?code="));
        Assert.That(back.Query, Does.Contain("iss="), "this provider names itself on the way back");
        var landed = browser.Get(back.PathAndQuery);
        Assert.That((landed.Status, landed["Location"]), Is.EqualTo((303, "/page?a=b")), landed.Text);

        Assert.That(browser.Get("/page?a=b").Status, Is.EqualTo(200));
        Assert.That(gateway.Forwarded["X-User-Id"], Is.EqualTo("ann"));

        var logout = browser.Get("/.lb/logout", "Sec-Fetch-Site: same-origin\r\n", "POST");
        var bye = await _provider.FollowAsync(logout["Location"]!);
        Assert.That((bye.GetLeftPart(UriPartial.Path), browser.Cookies.Count, browser.Get("/page", "").Status), Is.EqualTo(("https://app.test/bye", 0, 401)));
    }

    [Test]
    public async Task A_token_of_its_own_is_active_and_any_other_is_not()
    {
        await using var gateway = await AuthGateway.StartAsync(
            $"{{tokens: {{introspection: {{url: \"{_provider.Issuer}/token/introspection\", client_id: lb, client_secret: SECRET, forward: {{client_id: X-Client}}}}}}}}", "{upstream: up, auth: tokens}");
        var token = await _provider.TokenAsync(Secret);
        Assert.That(gateway.Gateway.Get("/", $"Authorization: Bearer {token}\r\n").Status, Is.EqualTo(200));
        Assert.That(gateway.Forwarded["X-Client"], Is.EqualTo("lb"));
        Assert.That(gateway.Gateway.Get("/", $"Authorization: Bearer {token[..^1]}\r\n").Text, Does.Contain("\"code\":\"token_inactive\""));
    }
}

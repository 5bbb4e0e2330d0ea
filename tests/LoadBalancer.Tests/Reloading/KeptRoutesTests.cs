using System.Net;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Reloading;

/// <summary>A route goes on as the object that it is where neither it nor what it leads to has changed, and as another one where something has.</summary>
internal sealed class KeptRoutesTests
{
    private const string Routes = "{path: /a, upstream: a}, {path: /b, upstream: b}, {path: /s, split: {to: {a: 50%, b: 50%}}}, {path: /p, upstream: a, on_error: {\"502\": {upstream: b}}}, {path: /r, respond: {status: 204}}";

    [Test]
    public async Task Beside_a_route_that_changes_the_others_go_on_as_they_are()
    {
        await using var gateway = await BareGateway.StartAsync($"{{routes: [{Routes}]}}", Upstreams());
        var before = RoutesOf(gateway);
        await gateway.ReloadAsync($"{{routes: [{{path: /new, upstream: a}}, {Routes.Replace("/a, upstream: a", "/a, upstream: b", StringComparison.Ordinal)}]}}", Upstreams());
        Assert.That(Kept(before, RoutesOf(gateway)), Is.EqualTo("/b /s /p /r"));
        await gateway.ReloadAsync($"{{routes: [{Routes}], timeouts: {{head: 5s}}}}", Upstreams());
        Assert.That(Kept(before, RoutesOf(gateway)), Is.EqualTo("/b /s /p /r"), "what the listener says of connections is no matter of routes");
    }

    [TestCase("{path: /a, upstream: a}, {path: /d, upstream: b}", ExpectedResult = "/a /d", TestName = "Those_around_routes_that_are_gone_go_on")]
    [TestCase("{path: /d, upstream: b}, {path: /b, upstream: b}, {path: /c, upstream: a}, {path: /a, upstream: a}", ExpectedResult = "/a /b /c /d", TestName = "Those_that_stand_elsewhere_go_on")]
    [TestCase("{path: /a, upstream: a}, {path: /b, upstream: b}, {path: /n, upstream: a}, {path: /c, upstream: a}, {path: /d, upstream: b}", ExpectedResult = "/a /b /c /d", TestName = "Those_around_a_new_one_go_on")]
    [TestCase("{path: /d, upstream: b}", ExpectedResult = "/d", TestName = "The_last_one_goes_on_as_the_only_one")]
    public async Task<string> Where_they_stand_is_no_matter(string routes)
    {
        await using var gateway = await BareGateway.StartAsync("{routes: [{path: /a, upstream: a}, {path: /b, upstream: b}, {path: /c, upstream: a}, {path: /d, upstream: b}]}", Upstreams());
        var before = RoutesOf(gateway);
        await gateway.ReloadAsync($"{{routes: [{routes}]}}", Upstreams());
        return Kept(before, RoutesOf(gateway));
    }

    [Test]
    public async Task With_an_upstream_all_routes_change_that_lead_to_it()
    {
        await using var gateway = await BareGateway.StartAsync($"{{routes: [{Routes}]}}", Upstreams());
        var before = RoutesOf(gateway);
        await gateway.ReloadAsync($"{{routes: [{Routes}]}}", Upstreams(", max_connections: 7"));
        Assert.That(Kept(before, RoutesOf(gateway)), Is.EqualTo("/a /r"));
        Assert.That(gateway.Get("/r").Status, Is.EqualTo(204));
    }

    [Test]
    public async Task With_what_its_policies_are_built_of_a_route_changes()
    {
        const string Listener = "{{routes: [{{path: /a, upstream: a, rate_limit: each}}, {{path: /b, upstream: b}}], defaults: {{timeout: {0}}}}}";
        await using var gateway = await BareGateway.StartAsync(With("9s"), Upstreams() + "\nrate_limits: {each: {key: client_ip, limit: 1000/s}}");
        var before = RoutesOf(gateway);
        await gateway.ReloadAsync(With("9s"), Upstreams() + "\nrate_limits: {each: {key: client_ip, limit: 2000/s}}");
        var limited = RoutesOf(gateway);
        Assert.That(limited.Single(route => route.Template == "/a").Policies, Is.Not.SameAs(before.Single(route => route.Template == "/a").Policies), "it counts with the limit that is in force");
        await gateway.ReloadAsync(With("8s"), Upstreams() + "\nrate_limits: {each: {key: client_ip, limit: 2000/s}}");
        Assert.That(Kept(limited, RoutesOf(gateway)), Is.Empty, "defaults are a part of each route");

        static string With(string timeout) => string.Format(System.Globalization.CultureInfo.InvariantCulture, Listener, timeout);
    }

    [Test]
    public async Task A_route_that_lb_added_is_none_that_the_file_has_since()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["secret"], new string('s', 32));
        await using var gateway = await BareGateway.StartAsync(
            "{trusted_proxies: [127.0.0.1], routes: [{upstream: a, auth: staff}]}",
            $"{Upstreams()}\nauth: {{staff: {{oidc: {{issuer: \"http://127.0.0.1:1\", allow_http: true, client_id: lb, client_secret: \"${{file:{folder["secret"]}}}\"}}}}}}");
        Assert.That(RoutesOf(gateway).Count(route => route.IsOwn), Is.EqualTo(2), "the ways back and out of a login");
        await gateway.ReloadAsync("{trusted_proxies: [127.0.0.1], routes: [{upstream: a}, {name: login, path: /.lb/callback, methods: [GET], respond: {status: 200}}]}", Upstreams());
        Assert.That(gateway.Get("/.lb/callback").Status, Is.EqualTo(200));
    }

    private static string Upstreams(string keysOfB = "") =>
        $"{{a: {{endpoints: [\"{new IPEndPoint(IPAddress.Loopback, 1)}\"]}}, b: {{endpoints: [\"{new IPEndPoint(IPAddress.Loopback, 2)}\"]{keysOfB}}}}}";

    private static IReadOnlyList<Route> RoutesOf(BareGateway gateway) => ((HttpProxy)gateway.Listener.Handler!).Routes.Routes;

    private static string Kept(IReadOnlyList<Route> before, IReadOnlyList<Route> after) => string.Join(' ', before.Where(after.Contains).Select(route => route.Template));
}

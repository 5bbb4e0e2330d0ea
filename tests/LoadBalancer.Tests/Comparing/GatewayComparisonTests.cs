using LoadBalancer.Daemon.Comparing;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Explaining;
using LoadBalancer.Daemon.Tests.Configuration;

namespace LoadBalancer.Daemon.Tests.Comparing;

/// <summary>What two files mean differently: for requests, and for whoever guards them.</summary>
internal sealed class GatewayComparisonTests
{
    private const string Auth = "auth: {staff: {external: {url: \"http://127.0.0.1:9/a\"}}, other: {external: {url: \"http://127.0.0.1:9/b\"}}}\n";

    private const string Limits = "rate_limits: {a: {key: client_ip, limit: 5/min}, b: {key: route, limit: 50/min}}\n";

    [Test]
    public void What_is_only_written_otherwise_is_no_difference() => Assert.That(
        Compare(
            Routes("{name: a, path: /a, upstream: u, timeout: 5s}", "{name: b, path: /b, upstream: u, timeout: 5s}"),
            "defaults: {timeout: 5000ms}\n" + Routes("{name: b, path: /b, upstream: u}", "{path: /a, name: a, upstream: u}")),
        Is.Empty);

    [Test]
    public void A_route_that_is_new_opens_and_one_that_is_gone_closes()
    {
        var found = Compare(Routes("{name: a, path: /a, upstream: u}"), Routes("{name: b, path: /b, methods: [PUT], upstream: v}"));
        Assert.That(found.Select(difference => (difference.Kind, difference.Before ?? difference.After, difference.Example, difference.Loosens)), Is.EquivalentTo(new[]
        {
            (DifferenceKind.Opened, "b: v, auth none", "PUT any.example/b", "nobody has to be known"),
            (DifferenceKind.Closed, "a: u, auth none", "GET any.example/a", null),
        }));
    }

    [Test]
    public void A_route_with_another_upstream_has_moved() => Assert.That(
        Line(Compare(Routes("{name: a, path: /a, upstream: u}"), Routes("{name: a, path: /a, upstream: v}"))),
        Is.EqualTo("Moved u -> v"));

    [Test]
    public void A_narrower_route_is_seen_that_takes_requests_from_one_that_asked_for_more()
    {
        var guarded = "{name: admin, path: \"/admin/*\", upstream: u, auth: staff}";
        var found = Compare(Auth + Routes(guarded), Auth + Routes(guarded, "{name: health, path: /admin/health, upstream: u}"));
        Assert.That(Line(found), Is.EqualTo("Changed staff -> none"));
        Assert.That(found[0], Has.Property("Loosens").EqualTo("auth removed: nobody has to be known any more"));
        Assert.That((found[0].Routes.Single(), found[0].Example), Is.EqualTo(("health", "GET any.example/admin/health")));
    }

    [TestCase("auth: staff", "auth: {any: staff, optional: true}", "nobody has to be known any more")]
    [TestCase("auth: staff", "auth: [staff, other]", "there is another way in")]
    [TestCase("auth: {all: [staff, other]}", "auth: {all: [staff]}", "fewer identities are asked for")]
    [TestCase("auth: {all: [staff, other]}", "auth: [staff, other]", "fewer identities are asked for")]
    [TestCase("auth: staff", "auth: staff, shadow: auth", "a policy is only watched")]
    [TestCase("auth: staff, require: {roles: [a]}", "auth: staff", "less is required of callers")]
    [TestCase("auth: staff, require: {roles: [a]}", "auth: staff, require: {roles: [a, b]}", "less is required of callers")]
    [TestCase("auth: staff, require: {scopes: [a, b]}", "auth: staff, require: {scopes: [a]}", "less is required of callers")]
    [TestCase("allow_ips: 10.0.0.0/8", "allow_ips: [10.0.0.0/8, 192.0.2.1]", "more addresses may call")]
    [TestCase("allow_ips: 10.0.0.0/8", "timeout: none", "more addresses may call")]
    [TestCase("deny_ips: 10.0.0.0/8", "deny_ips: 10.0.0.0/9", "addresses may call that were denied")]
    [TestCase("timeout: none", "on_error: {503: {upstream: v}}", "an error leads to an upstream")]
    [TestCase("auth: {any: staff, close_at_expiry: true}", "auth: staff", "a WebSocket lasts longer than its identity")]
    [TestCase("cors: \"https://a.example\"", "cors: {origins: \"https://a.example\", expose: [X-A]}", "more pages may use it in browsers")]
    [TestCase("limits: {body: 1MB}", "limits: {body: 2MB}", "bodies may be larger")]
    [TestCase("rate_limit: [a, b]", "rate_limit: a", "a limit is taken away")]
    [TestCase("rate_limit: a, cost: 3", "rate_limit: a, cost: 2", "requests count for less")]
    [TestCase("cors: \"https://a.example\"", "cors: [\"https://a.example\", \"https://b.example\"]", "more pages may use it in browsers")]
    public void What_lets_more_through_is_said_and_its_opposite_is_not(string strict, string loose, string why)
    {
        var before = Auth + Limits + Routes($"{{name: a, path: /a, upstream: u, {strict}}}");
        var after = Auth + Limits + Routes($"{{name: a, path: /a, upstream: u, {loose}}}");
        Assert.That(Compare(before, after).Select(difference => difference.Loosens), Has.Member(why));
        Assert.That(Compare(after, before).Select(difference => difference.Loosens).OfType<string>(), Is.Empty);
    }

    [TestCase("upstreams.u.endpoints", "endpoints: [\"10.0.0.1:80\"]", "endpoints: [\"10.0.0.1:80\", \"10.0.0.2:80\"]", null)]
    [TestCase("upstreams.u.tls", "endpoints: [\"10.0.0.1:80\"], tls: {server_name: a.example}", "endpoints: [\"10.0.0.1:80\"]", "what is sent to the endpoints is not encrypted any more")]
    public void Other_keys_are_compared_as_they_were_read(string path, string one, string other, string? why)
    {
        var found = Compare(Routes("{path: /a, upstream: u}").Replace("endpoints: [\"10.0.0.1:80\"]", one, StringComparison.Ordinal), Routes("{path: /a, upstream: u}").Replace("endpoints: [\"10.0.0.1:80\"]", other, StringComparison.Ordinal));
        Assert.That(found.Select(difference => (difference.Path, difference.Loosens)), Is.EqualTo(new[] { (path, why) }));
    }

    [TestCase("DELETE")]
    [TestCase("PROPFIND")]
    public void Methods_that_a_narrower_set_leaves_to_another_route_are_seen(string method)
    {
        var before = Auth + Routes("{name: admin, path: \"/admin/*\", upstream: u, auth: staff}");
        var after = Auth + Routes("{name: admin, path: \"/admin/*\", methods: [GET, POST], upstream: u, auth: staff}", $"{{name: rest, path: \"/admin/*\", {(method == "DELETE" ? "priority: -1" : $"methods: [{method}]")}, upstream: u}}");
        Assert.That(Compare(before, after).Select(difference => difference.Loosens), Has.Member("auth removed: nobody has to be known any more"));
    }

    [TestCase("/v/[A-Z]+")]
    [TestCase("/v/\\p{L}{3}")]
    [TestCase("/v/[2-9]+")]
    public void A_route_that_no_request_can_be_made_for_is_told_nevertheless(string regex)
    {
        var found = Compare(Routes("{name: a, path: /a, upstream: u}"), Routes("{name: a, path: /a, upstream: u}", $"{{name: odd, path_regex: '{regex}', upstream: u}}"));
        Assert.That(found.Select(difference => (difference.Kind, difference.Routes.Single(), difference.Loosens is null)), Is.EqualTo(new[] { (DifferenceKind.Opened, "odd", false) }));
    }

    [TestCase("bind: \"127.0.0.1:0\"", "bind: \"0.0.0.0:0\"", "it is reached by other addresses")]
    [TestCase("listeners:", "auth_failures: off\nlisteners:", "clients may guess more often")]
    [TestCase("listeners:", "listeners:\n  raw: {bind: \"127.0.0.1:0\", tcp: u}", "there is a way to its upstream without any policy of routes")]
    public void What_lets_more_through_beside_the_routes_is_said(string one, string other, string why)
    {
        var before = Auth + Routes("{name: a, path: /a, upstream: u, auth: staff}");
        Assert.That(Compare(before, before.Replace(one, other, StringComparison.Ordinal)).Select(difference => difference.Loosens), Has.Member(why));
    }

    [TestCase("{limit: 5/min}", "{limit: 6/min}", "callers may do more")]
    [TestCase("{limit: 60/min}", "{limit: {rate: 1/s, burst: 61}}", "callers may do more")]
    [TestCase("{limit: 100/s}", "{limit: {rate: 100/s, burst: 100}}", "callers may do more")]
    [TestCase("{limit: {rate: 60/min, burst: 1}}", "{limit: 60/min}", "callers may do more")]
    [TestCase("plan rate: 100/s", "plan rate: 100/s, burst: 100", "callers of the plan may do more")]
    [TestCase("{limit: {rate: 1/s, burst: 60}}", "{limit: {rate: 2/s, burst: 60}}", "callers may do more")]
    [TestCase("{limit: {quota: 60/day}}", "{limit: 60/min}", "callers may do more")]
    [TestCase("{limit: {default: 5/min, pro: 6/min}}", "{limit: {default: 5/min, pro: 7/min}}", "callers may do more")]
    [TestCase("{limit: {default: 5/min, pro: 5/min, anonymous: 1/min}}", "{limit: 5/min}", "callers may do more")]
    [TestCase("{limit: 5/min}", "{limit: 5/min, key: [identity, route]}", "callers are told apart otherwise")]
    [TestCase("{limit: 5/min, mode: exact}", "{limit: 5/min, mode: local}", "each instance counts alone")]
    [TestCase("{limit: 5/min, on_failure: deny}", "{limit: 5/min}", "callers may do more while the store cannot be asked")]
    [TestCase("{limit: 5/min, bandwidth: {request: 1MB/s}}", "{limit: 5/min, bandwidth: {request: 2MB/s}}", "callers may send or be sent more at a time")]
    [TestCase("{limit: 5/min, bandwidth: {response: 1MB/s}}", "{limit: 5/min}", "callers may send or be sent more at a time")]
    [TestCase("{limit: 5/min, bandwidth: {request: 1MB/s, burst: 1MB}}", "{limit: 5/min, bandwidth: {request: 1MB/s, burst: 2MB}}", "callers may send or be sent more at a time")]
    [TestCase("{limit: 5/min, bandwidth: {request: 1MB/s}}", "{bandwidth: {request: 1MB/s}}", "callers may do more")]
    [TestCase("plan bandwidth: {request: 1MB/s, response: 1MB/s}", "plan bandwidth: {response: 1MB/s}", "callers of the plan may do more")]
    [TestCase("plan rate: 5/min", "plan rate: 6/min", "callers of the plan may do more")]
    [TestCase("plan rate: 5/min, concurrency: 2", "plan rate: 5/min", "callers of the plan may do more")]
    [TestCase("plan quota: [5/day, 90/month]", "plan quota: 90/month", "callers of the plan may do more")]
    public void Limits_and_plans_that_let_more_through_are_said(string strict, string loose, string why)
    {
        Assert.That(Compare(File(strict), File(loose)).Select(difference => difference.Loosens), Has.Member(why));
        Assert.That(Compare(File(strict), File(strict)), Is.Empty);
        Assert.That(why.StartsWith("callers are", StringComparison.Ordinal) || strict.Contains("quota: 60", StringComparison.Ordinal) || !Compare(File(loose), File(strict)).Any(difference => difference.Loosens is not null));

        static string File(string limit)
        {
            var (plan, options) = limit.StartsWith("plan ", StringComparison.Ordinal) ? (limit["plan ".Length..], "limit: 5/min") : ("", limit[1..^1]);
            var key = options.Contains("key:", StringComparison.Ordinal) ? "" : "key: identity, ";
            return $"{Auth}plans: {{pro: {{{plan}}}}}\nrate_limits: {{a: {{{key}{options}}}}}\n{Routes("{name: a, path: /a, upstream: u, auth: staff, rate_limit: a}")}";
        }
    }

    [Test]
    public void A_change_that_many_routes_share_is_told_once()
    {
        var found = Compare("defaults: {timeout: 5s}\n" + Routes("{name: a, path: /a, upstream: u}", "{name: b, path: /b, upstream: u}"), "defaults: {timeout: 6s}\n" + Routes("{name: a, path: /a, upstream: u}", "{name: b, path: /b, upstream: u}"));
        Assert.That(Line(found), Is.EqualTo("Changed 5s -> 6s"));
        Assert.That(found[0].Routes, Is.EqualTo(new[] { "a", "b" }));
    }

    [Test]
    public void A_listener_that_is_new_is_told_with_its_routes()
    {
        var before = Routes("{name: a, path: /a, upstream: u}");
        var found = Compare(before, before.Replace("listeners:", "listeners:\n  more: {bind: \"127.0.0.1:0\", http: {routes: [{name: c, path: /c, upstream: u}]}}", StringComparison.Ordinal));
        Assert.That(found.Select(difference => (difference.Kind, difference.Path)), Is.EquivalentTo(new[] { (DifferenceKind.Changed, "listeners.more"), (DifferenceKind.Opened, "listeners.more.http") }));
    }

    private static string Line(IReadOnlyList<Difference> found) => string.Join('\n', found.Select(difference => $"{difference.Kind} {difference.Before} -> {difference.After}"));

    private static string Routes(params string[] routes) =>
        "listeners:\n  web:\n    bind: \"127.0.0.1:0\"\n    http:\n      routes:\n"
        + string.Concat(routes.Select(route => $"        - {route}\n"))
        + "upstreams:\n  u: {endpoints: [\"10.0.0.1:80\"]}\n  v: {endpoints: [\"10.0.1.1:80\"]}\n";

    private static IReadOnlyList<Difference> Compare(string before, string after)
    {
        using var one = Open(before);
        using var other = Open(after);
        return GatewayComparison.Run(one, other);
    }

    private static OfflineGateway Open(string yaml)
    {
        using var folder = new ConfigFolder();
        folder.With("lb.yaml", yaml);
        var loaded = GatewayFile.Load(folder["lb.yaml"]);
        Assert.That(loaded.Errors.Select(error => error.ToString()), Is.Empty);
        return OfflineGateway.Build(loaded.Options!, TimeProvider.System);
    }
}

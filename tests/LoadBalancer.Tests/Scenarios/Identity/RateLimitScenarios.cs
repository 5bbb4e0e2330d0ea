using System.Text.Json;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>Limits and plans from the client to the endpoint. Alice has the plan pro, bob none.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
[CancelAfter(60_000)]
internal sealed class RateLimitScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    [Test]
    public async Task T37_as_many_pass_as_the_limit_has_and_a_reload_gives_nothing_back()
    {
        await using var gateway = await CallerGateway.StartAsync("{upstream: up, rate_limit: wide}", "rate_limits: {wide: {key: client_ip, limit: 5/h}}\n");
        Assert.That(Statuses(gateway, 3), Is.All.EqualTo(200));
        var text = await File.ReadAllTextAsync(gateway.Gateway.Daemon.ConfigPath);
        await File.WriteAllTextAsync(gateway.Gateway.Daemon.ConfigPath, text.Replace("rate_limits: {", "rate_limits: {other: {key: route, limit: 1/s}, ", StringComparison.Ordinal));
        gateway.Gateway.Daemon.Orders.OrderReload();
        await gateway.Gateway.Daemon.ReloadedAsync();
        Assert.That(Statuses(gateway, 4), Is.EqualTo(new[] { 200, 200, 429, 429 }));
        await File.WriteAllTextAsync(gateway.Gateway.Daemon.ConfigPath, text.Replace("limit: 5/h", "limit: 6/h", StringComparison.Ordinal));
        gateway.Gateway.Daemon.Orders.OrderReload();
        await gateway.Gateway.Daemon.ReloadedAsync();
        Assert.That(Statuses(gateway, 2), Is.EqualTo(new[] { 200, 429 }), "what was used of the other rule counts");
        Assert.That(gateway.Endpoint.Requests, Has.Count.EqualTo(6));
    }

    [Test]
    public async Task T41_who_is_refused_learns_when_to_come_again_and_who_is_not_what_is_left()
    {
        await using var gateway = await CallerGateway.StartAsync("{upstream: up, rate_limit: [create-trip, wide]}", "rate_limits: {wide: {key: client_ip, limit: {rate: 100/s, burst: 200}}, create-trip: {key: client_ip, limit: 2/h}}\n");
        var first = gateway.Gateway.Get("/");
        Assert.That(first["RateLimit-Policy"], Is.EqualTo("\"create-trip\";q=2;w=3600, \"wide\";q=200;w=2"));
        Assert.That(first["RateLimit"], Does.Match("^\"create-trip\";r=[0-9]+;t=[0-9]+$"));
        gateway.Gateway.Get("/");
        var refused = gateway.Gateway.Get("/");
        LimitScenarios.IsProblem(refused, 429, "rate_limited");
        Assert.That(int.Parse(refused["Retry-After"]!, System.Globalization.CultureInfo.InvariantCulture), Is.InRange(1, 3600));
        Assert.That(refused.Values("RateLimit").Single(), Does.Match("^\"create-trip\";r=0;t=[1-9][0-9]*$"));
        Assert.That(refused.Values("RateLimit-Policy"), Has.Count.EqualTo(1));
        Assert.That(refused.Text, Does.Not.Contain("create-trip"));
    }

    [TestCase("10.0.0.0/8", new[] { 200, 200, 429, 429 }, Description = "a client that is no trusted proxy is itself, whatever it says")]
    [TestCase("127.0.0.0/8", new[] { 200, 200, 200, 429 })]
    public async Task T39_a_client_is_who_a_trusted_proxy_says_and_of_IPv6_a_network(string trusted, int[] statuses)
    {
        await using var gateway = await CallerGateway.StartAsync(
            $"{{upstream: up, rate_limit: wide}}], trusted_proxies: [{trusted}", "rate_limits: {wide: {key: client_ip, limit: 2/h}}\n");
        Assert.That(
            new[] { "2001:db8:0:1::1", "192.0.2.1", "2001:db8:0:1::2", "2001:db8:0:1:ffff::3" }.Select(address => gateway.Gateway.Get("/", $"X-Forwarded-For: {address}\r\n").Status), Is.EqualTo(statuses));
    }

    [Test]
    public async Task Plans_decide_how_many_and_nobody_known_has_the_least()
    {
        await using var gateway = await CallerGateway.StartAsync(
            "{path: \"/trips/*\", upstream: up, auth: {any: web, optional: true}, rate_limit: trips}",
            "plans: {pro: {}}\nrate_limits: {trips: {key: identity, limit: {pro: 3/h, default: 2/h, anonymous: 1/h}}}\n");
        Assert.That(
            new[] { "alice", "bob", "" }.Select(token => Enumerable.Range(0, 5).Count(_ => gateway.Gateway.Get("/trips/x", CallerGateway.Bearer(token)).Status == 200)),
            Is.EqualTo(new[] { 3, 2, 1 }));
    }

    [Test]
    public async Task T40_bad_credentials_cost_what_the_address_has_and_preflights_cost_nothing()
    {
        await using var gateway = await CallerGateway.StartAsync(
            "{upstream: up, auth: web, rate_limit: [address, caller], cors: \"https://app.example\"}",
            "rate_limits: {address: {key: client_ip, limit: 3/h}, caller: {key: identity, limit: 9/h}}\n");
        using (var client = gateway.Gateway.Connect())
        {
            for (var at = 0; at < 4; at++)
            {
                client.Send("OPTIONS / HTTP/1.1\r\nHost: test\r\nOrigin: https://app.example\r\nAccess-Control-Request-Method: GET\r\n\r\n");
                Assert.That(client.ReadResponse()["RateLimit"], Is.Null);
            }
        }

        Assert.That(new[] { "eve", "alice", "", "alice" }.Select(token => gateway.Gateway.Get("/", CallerGateway.Bearer(token)).Status), Is.EqualTo(new[] { 401, 200, 401, 429 }));
        var metrics = await MetricsAsync(gateway);
        Assert.That(metrics, Does.Contain("lb_rate_limit_total{limit=\"address\",plan=\"\",outcome=\"allowed\"} 3").And.Contains("lb_rate_limit_total{limit=\"caller\",plan=\"\",outcome=\"allowed\"} 1"));
    }

    [Test]
    public async Task T40_a_plan_counts_all_routes_together_and_a_quota_says_so()
    {
        await using var gateway = await CallerGateway.StartAsync(
            "{path: /a, upstream: up, auth: web}, {path: /b, upstream: up, auth: web, cost: 2}, {path: /open, upstream: up}", "plans: {pro: {quota: 4/month}}\n");
        Assert.That(new[] { "/a", "/b", "/b", "/a" }.Select(path => gateway.Gateway.Get(path, CallerGateway.Bearer("alice")).Status), Is.EqualTo(new[] { 200, 200, 429, 200 }));
        var refused = gateway.Gateway.Get("/a", CallerGateway.Bearer("alice"));
        LimitScenarios.IsProblem(refused, 429, "quota_exceeded");
        Assert.That(refused["RateLimit-Policy"], Is.EqualTo("\"plan:month\";q=4"));
        Assert.That((gateway.Gateway.Get("/a", CallerGateway.Bearer("bob")).Status, gateway.Gateway.Get("/open").Status), Is.EqualTo((200, 200)));
        Assert.That(gateway.Gateway.Get("/open")["RateLimit"], Is.Null);
    }

    [Test]
    public async Task A_WebSocket_is_under_way_until_it_ends_and_what_is_refused_never_is()
    {
        await using var gateway = await CallerGateway.StartAsync("{upstream: up, auth: web}", "plans: {pro: {concurrency: 1}}\n");
        using (var socket = gateway.Gateway.Connect())
        {
            Assert.That(socket.Get("/", CallerGateway.WebSocket + CallerGateway.Bearer("alice")).ReadResponse().Status, Is.EqualTo(101));
            for (var at = 0; at < 3; at++)
            {
                LimitScenarios.IsProblem(gateway.Gateway.Get("/", CallerGateway.Bearer("alice")), 429, "concurrency_exceeded");
            }

            Assert.That(await MetricsAsync(gateway), Does.Contain("lb_plan_concurrency{plan=\"pro\"} 1"));
        }

        await gateway.Gateway.Daemon.UntilAsync(status => UnderWay(status) == 0, "the WebSocket is not under way any more");
        Assert.That(new[] { 1, 2, 3 }.Select(_ => gateway.Gateway.Get("/", CallerGateway.Bearer("alice")).Status), Is.All.EqualTo(200));
        await gateway.Gateway.Daemon.UntilAsync(status => UnderWay(status) == 0, "nothing is under way");
    }

    [Test]
    public async Task A_client_that_goes_away_is_not_under_way_any_more()
    {
        using var go = new ManualResetEventSlim();
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            go.Wait(Loopback.TimeoutMs);
            wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        });
        await using var gateway = await CallerGateway.StartAsync(
            "{upstream: slow, auth: web}", "plans: {pro: {concurrency: 2}}\n", $", {HttpGateway.Upstream("slow", "", endpoint)}");
        using (var client = gateway.Gateway.Connect())
        {
            client.Get("/", CallerGateway.Bearer("alice"));
            await gateway.Gateway.Daemon.UntilAsync(status => UnderWay(status) == 1, "it is under way");
        }

        await gateway.Gateway.Daemon.UntilAsync(status => UnderWay(status) == 0, "it is not under way any more");
        go.Set();
    }

    [Test]
    public async Task What_is_only_watched_is_logged_and_counted_and_passes()
    {
        using var folder = new TemporaryFolder();
        var path = folder["access.json"];
        await using (var gateway = await CallerGateway.StartAsync(
            "{upstream: up, auth: web, rate_limit: a, shadow: rate_limit, path: /watched}, {upstream: up, auth: web, rate_limit: a, path: /acts}", "rate_limits: {a: {key: identity, limit: 1/h}}\n", log: $"{{level: error, access: {path}}}"))
        {
            var answers = new[] { "/watched", "/watched", "/acts" }.Select(target => gateway.Gateway.Get(target, CallerGateway.Bearer("alice"))).ToList();
            Assert.That(answers.Select(answer => (answer.Status, answer["RateLimit"] is null)), Is.EqualTo(new[] { (200, true), (200, true), (429, false) }));
            var metrics = await MetricsAsync(gateway);
            Assert.That(metrics, Does.Contain("lb_rate_limit_total{limit=\"a\",plan=\"\",outcome=\"would_refuse\"} 1").And.Contains("lb_rate_limit_total{limit=\"a\",plan=\"\",outcome=\"refused\"} 1"));
            Assert.That(metrics.Count(line => line.StartsWith("lb_policy_refusals_total{", StringComparison.Ordinal) && line.Contains("policy=\"rate_limit\"", StringComparison.Ordinal)), Is.EqualTo(2));
            var limit = (await gateway.Gateway.StatusAsync()).GetProperty("limits")[0];
            Assert.That(
                new[] { "name", "plan", "key", "rule", "mode" }.Select(key => limit.GetProperty(key).GetString()), Is.EqualTo(new[] { "a", "", "identity", "1/h", "local" }));
            await Assert.ThatAsync(() => Task.FromResult(File.ReadAllLines(path).Length), Is.EqualTo(3).After(Loopback.TimeoutMs, 5));
        }

        Assert.That(
            File.ReadAllLines(path).Select(line => JsonDocument.Parse(line).RootElement).Select(line => string.Join(' ', new[] { "plan", "shadow", "limit", "result" }.Select(key => line.GetProperty(key).GetString() ?? "-"))),
            Is.EquivalentTo(new[] { "pro - - ok", "pro rate_limit:rate_limited a ok", "pro - a rate_limited" }));
    }

    [Test]
    public async Task What_would_be_is_told_without_a_charge_and_what_was_is_told_by_its_id()
    {
        await using var gateway = await CallerGateway.StartAsync(
            "{path: /a, upstream: up, auth: web, rate_limit: [wide, tenants, callers]}",
            "plans: {pro: {concurrency: 5}}\nrate_limits: {wide: {key: client_ip, limit: 9/h}, tenants: {key: \"header:X-Tenant\", limit: 8/h}, callers: {key: identity, limit: {pro: 2/h, default: 1/h}}}\n");
        Assert.That(gateway.Gateway.Get("/a", CallerGateway.Bearer("alice")).Status, Is.EqualTo(200), "from here on lb knows her token");
        const string Question = """{"url": "http://test/a", "client": "192.0.2.7", "headers": ["Authorization: Bearer alice"]}""";
        for (var at = 0; at < 3; at++)
        {
            var (status, text) = await gateway.Gateway.Daemon.PostAsync("/explain", Question);
            Assert.That(status, Is.EqualTo(System.Net.HttpStatusCode.OK), text);
            var policies = JsonDocument.Parse(text).RootElement.GetProperty("policies").EnumerateArray().Where(policy => policy.GetProperty("policy").GetString() == "rate_limit").ToList();
            Assert.That(
                policies.Select(policy => string.Join(' ', policy.GetProperty("facts").EnumerateArray().Select(fact => $"{fact.GetProperty("name").GetString()}={fact.GetProperty("value").GetString()}"))),
                Is.EqualTo(new[] { "limit=wide key=client_ip remaining=9 limit=tenants key=client_ip (no header:X-Tenant) remaining=8", "limit=callers plan=pro key=identity remaining=1" }));
        }

        Assert.That((gateway.Gateway.Get("/a", CallerGateway.Bearer("alice")).Status, gateway.Endpoint.Requests.Count), Is.EqualTo((200, 2)));
        var refused = gateway.Gateway.Get("/a", CallerGateway.Bearer("alice") + "X-Tenant: hunter2\r\n");
        var id = JsonDocument.Parse(refused.Text).RootElement.GetProperty("request_id").GetString();
        var why = (await gateway.Gateway.Daemon.GetAsync($"/requests/{id}")).Text;
        Assert.That(why, Does.Contain("callers").And.Contains("header:X-Tenant").And.Contains("wait_s").And.Not.Contains("hunter2"));
    }

    private static int[] Statuses(CallerGateway gateway, int count) => [.. Enumerable.Range(0, count).Select(_ => gateway.Gateway.Get("/").Status)];

    private static long UnderWay(JsonElement status) => status.GetProperty("limits").EnumerateArray().Single().GetProperty("under_way").GetInt64();

    private static async Task<string[]> MetricsAsync(CallerGateway gateway) => (await gateway.Gateway.Daemon.GetAsync("/metrics")).Text.Split('\n');
}

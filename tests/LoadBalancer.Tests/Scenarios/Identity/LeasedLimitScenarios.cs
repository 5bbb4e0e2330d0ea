using System.Text.Json;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Redis;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>Limits that several lb lease from a real Redis.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
[CancelAfter(60_000)]
internal sealed class LeasedLimitScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    [Test]
    public async Task T37_four_instances_let_pass_a_hundred_across_a_reload_and_a_restart()
    {
        using var server = new RedisServer();
        using var endpoint = CallerGateway.Agreeing();
        var text = Text(endpoint, server, "100/h", "2s");
        var gateways = new List<HttpGateway>();
        try
        {
            for (var instance = 0; instance < 4; instance++)
            {
                gateways.Add(await StartAsync(text));
            }

            var passed = 0;
            for (var round = 0; round < 40; round++)
            {
                if (round == 8)
                {
                    await gateways[1].Daemon.ReloadAsync(text.Replace("100/h}", "100/h}, other: {key: route, limit: 5/h}", StringComparison.Ordinal));
                    Assert.That(Limit(await gateways[1].StatusAsync()).GetProperty("leases").GetProperty("leased").GetInt64(), Is.Positive, "a reload keeps leases");
                }

                if (round == 12)
                {
                    await gateways[3].DisposeAsync();
                    gateways[3] = await StartAsync(text);
                }

                passed += Pass(gateways);
            }

            Assert.That(passed, Is.LessThanOrEqualTo(100));

            // What is leased and not used comes back when its lease ends, on a machine where that was before its instance was asked again.
            Assert.That(() => passed += Pass(gateways), Is.EqualTo(100).After(2 * Loopback.TimeoutMs, 5));
            Assert.That(Pass(gateways), Is.Zero);
            foreach (var gateway in gateways)
            {
                LimitScenarios.IsProblem(gateway.Get("/"), 429, "rate_limited");
            }
        }
        finally
        {
            foreach (var gateway in gateways)
            {
                await gateway.DisposeAsync();
            }
        }
    }

    [Test]
    public async Task T38_a_frozen_redis_lets_pass_what_is_leased_and_then_the_file_decides()
    {
        using var server = new RedisServer();
        using var endpoint = CallerGateway.Agreeing();
        await using var gateway = await StartAsync(Text(endpoint, server, "10000/h", "500ms"));
        for (var round = 0; round < 50; round++)
        {
            Assert.That(gateway.Get("/").Status, Is.EqualTo(200));
        }

        Assert.That((await gateway.Daemon.GetAsync("/metrics")).Text, Does.Match("lb_rate_limit_held{limit=\"trips\",plan=\"\"} [1-9]"));
        server.Freeze();
        Assert.That(gateway.Get("/").Status, Is.EqualTo(200), "leased before");
        Assert.That(() => gateway.Get("/").Status, Is.EqualTo(503).After(2 * Loopback.TimeoutMs, 1));
        LimitScenarios.IsProblem(gateway.Get("/"), 503, "limit_unavailable");

        server.Thaw();
        Assert.That(() => gateway.Get("/").Status, Is.EqualTo(200).After(2 * Loopback.TimeoutMs, 5));
    }

    private static int Pass(List<HttpGateway> gateways) => gateways.Count(gateway => gateway.Get("/").Status == 200);

    private static JsonElement Limit(JsonElement status) => status.GetProperty("limits").EnumerateArray().Single(limit => limit.GetProperty("name").GetString() == "trips");

    private static string Text(HttpEndpoint endpoint, RedisServer server, string limit, string timeout) =>
        HttpGateway.Text("{routes: [{upstream: up, rate_limit: trips}]}", $"{{{HttpGateway.Upstream("up", "", endpoint)}}}")
        + $"rate_limits: {{trips: {{key: client_ip, limit: {limit}}}}}\nstate: {{redis: {{address: \"{server.Url}\", timeout: {timeout}}}, on_failure: deny}}\n";

    private static async Task<HttpGateway> StartAsync(string text)
    {
        var gateway = await HttpGateway.OnAsync(DaemonHarness.StartAsync(text));
        await gateway.Daemon.UntilAsync(status => status.GetProperty("redis").EnumerateArray().Single().GetProperty("up").GetBoolean(), "redis is asked");
        return gateway;
    }
}

using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Redis;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>Limits that several lb count together, exactly, in a real Redis.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
[CancelAfter(60_000)]
internal sealed class ExactLimitScenarios(Carrier carrier) : IOverCarriers
{
    private const string Route = "{upstream: up, rate_limit: trips}";
    private const string Limit = "rate_limits: {trips: {key: client_ip, limit: 6/h, mode: exact}}\n";

    public Carrier Carrier => carrier;

    [Test]
    public async Task T38_two_instances_let_pass_what_one_may_and_without_redis_what_the_file_says()
    {
        using var server = new RedisServer();
        await using var one = await CallerGateway.StartAsync(Route, Limit + State(server, "deny"));
        await using var other = await CallerGateway.StartAsync(Route, Limit + State(server, "local"));
        Assert.That(Enumerable.Range(0, 8).Select(at => (at % 2 == 0 ? one : other).Gateway.Get("/").Status), Is.EqualTo(new[] { 200, 200, 200, 200, 200, 200, 429, 429 }));
        Assert.That(other.Gateway.Get("/")["RateLimit"], Does.Match("^\"trips\";r=0;t=3[56][0-9][0-9]$"));

        server.Freeze();
        var refused = one.Gateway.Get("/");
        LimitScenarios.IsProblem(refused, 503, "limit_unavailable");
        Assert.That(refused["Retry-After"], Is.Not.Null);
        await one.Gateway.Daemon.UntilAsync(status => !IsUp(status), "its loss is told of");
        Assert.That(Redis(await one.Gateway.StatusAsync()).GetProperty("reason").GetString(), Is.EqualTo("no answer within 500 ms"));
        Assert.That((await one.Gateway.Daemon.GetAsync("/metrics")).Text, Does.Contain($"lb_redis_up{{node=\"127.0.0.1:{server.Port}\"}} 0"));

        // It has let three pass itself, so alone it has three more.
        Assert.That(Enumerable.Range(0, 5).Select(_ => other.Gateway.Get("/").Status), Is.EqualTo(new[] { 200, 200, 200, 429, 429 }));

        server.Thaw();
        foreach (var gateway in new[] { one, other })
        {
            await gateway.Gateway.Daemon.UntilAsync(IsUp, "it is found again");
            LimitScenarios.IsProblem(gateway.Gateway.Get("/"), 429, "rate_limited");
        }
    }

    [Test]
    public async Task Several_limits_are_one_command_for_each_request_and_a_refusal_charges_none()
    {
        const string Limits = "rate_limits:\n  trips: {key: client_ip, limit: 6/h, mode: exact}\n  wide: {key: route, limit: {quota: 100/day}, mode: exact}\n"
            + "  burst: {key: client_ip, limit: {rate: 1/h, burst: 4}, mode: exact}\n";
        using var server = new RedisServer();
        await using var gateway = await CallerGateway.StartAsync("{upstream: up, rate_limit: [trips, wide, burst]}, {path: /wide, upstream: up, rate_limit: wide}", Limits + State(server, "deny").Replace("500ms", "5s", StringComparison.Ordinal));
        Assert.That(gateway.Gateway.Get("/").Status, Is.EqualTo(200));
        var before = Commands(server);
        Assert.That(Enumerable.Range(0, 5).Select(_ => gateway.Gateway.Get("/").Status), Is.EqualTo(new[] { 200, 200, 200, 429, 429 }));
        Assert.That(Commands(server) - before, Is.EqualTo(5));
        var refused = gateway.Gateway.Get("/");
        LimitScenarios.IsProblem(refused, 429, "rate_limited");
        Assert.That(refused["RateLimit-Policy"], Is.EqualTo("\"trips\";q=6;w=3600, \"burst\";q=4;w=14400"));
        Assert.That(refused["RateLimit"], Does.StartWith("\"burst\";r=0;t="));
        Assert.That(gateway.Gateway.Get("/wide")["RateLimit"], Does.StartWith("\"wide\";r=99;"), "of another route, with four of the first behind it");
    }

    [Test]
    public async Task A_reload_moves_to_another_redis_and_no_request_is_lost()
    {
        using var first = new RedisServer("--requirepass", "a-secret-of-its-own") { Password = "a-secret-of-its-own" };
        using var second = new RedisServer();
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["redis"], "a-secret-of-its-own");
        var state = $"state: {{redis: {{address: \"redis://:${{file:{folder["redis"]}}}@127.0.0.1:{first.Port}\", timeout: 500ms}}, on_failure: deny}}\n";
        await using var gateway = await CallerGateway.StartAsync(Route, Limit.Replace("6/h", "1000000/h", StringComparison.Ordinal) + state);
        Assert.That((await gateway.Gateway.Daemon.GetAsync("/status")).Text, Does.Not.Contain("a-secret-of-its-own"));

        Assert.That(gateway.Gateway.Get("/").Status, Is.EqualTo(200));
        var stop = false;
        var statuses = new List<int>();
        var asking = Task.Run(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                statuses.Add(gateway.Gateway.Get("/").Status);
            }
        });
        var text = await File.ReadAllTextAsync(gateway.Gateway.Daemon.ConfigPath);
        await File.WriteAllTextAsync(gateway.Gateway.Daemon.ConfigPath, text.Replace(state, State(second, "deny"), StringComparison.Ordinal));
        gateway.Gateway.Daemon.Orders.OrderReload();
        await gateway.Gateway.Daemon.ReloadedAsync();
        Assert.That(() => second.Ask("DBSIZE").Number, Is.EqualTo(1).After(Loopback.TimeoutMs, 5), "the other one counts");
        Volatile.Write(ref stop, true);
        await asking;
        Assert.That(statuses, Is.All.EqualTo(200));
        Assert.That(first.Ask("DBSIZE").Number, Is.EqualTo(1));
    }

    /// <summary>How many scripts it has run that it knew.</summary>
    private static int Commands(RedisServer server) => int.Parse(
        Regex.Match(Encoding.ASCII.GetString(server.Ask("INFO", "commandstats").Text), "cmdstat_evalsha:calls=([0-9]+)").Groups[1].Value, CultureInfo.InvariantCulture);

    private static string State(RedisServer server, string onFailure) => $"state: {{redis: {{address: \"{server.Url}\", timeout: 500ms}}, on_failure: {onFailure}}}\n";

    private static JsonElement Redis(JsonElement status) => status.GetProperty("redis").EnumerateArray().Single();

    private static bool IsUp(JsonElement status) => Redis(status).GetProperty("up").GetBoolean();
}

using System.Text.Json;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>What is counted and written of callers and refusals, and who guesses too often.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
[CancelAfter(60_000)]
internal sealed class RefusalScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    [Test]
    public async Task T40_who_guesses_is_429_with_a_time_and_who_is_known_goes_on()
    {
        await using var gateway = await CallerGateway.StartAsync("{upstream: up, auth: web}", "auth_failures: 3/min\n");
        Assert.That(gateway.Gateway.Get("/", CallerGateway.Bearer("alice")).Status, Is.EqualTo(200));
        for (var at = 0; at < 5; at++)
        {
            Assert.That(gateway.Gateway.Get("/", CallerGateway.Bearer("same")).Status, Is.EqualTo(401), "the same again is no guess");
        }

        Assert.That(Enumerable.Range(0, 2).Select(at => gateway.Gateway.Get("/", CallerGateway.Bearer($"guess{at}")).Status).ToArray(), Is.EqualTo(new[] { 401, 401 }));
        var refused = gateway.Gateway.Get("/", CallerGateway.Bearer("guess3"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((refused.Status, refused.Text.Contains("\"code\":\"too_many_failures\"", StringComparison.Ordinal)), Is.EqualTo((429, true)));
            Assert.That(int.Parse(refused["Retry-After"]!, System.Globalization.CultureInfo.InvariantCulture), Is.InRange(1, 60));
            Assert.That(refused.Values("WWW-Authenticate"), Is.Empty);
            Assert.That(gateway.Gateway.Get("/", CallerGateway.Bearer("bob")).Status, Is.EqualTo(429), "a good one that is new");
            Assert.That(gateway.Gateway.Get("/", CallerGateway.Bearer("alice")).Status, Is.EqualTo(200));
            Assert.That(gateway.Gateway.Get("/").Status, Is.EqualTo(401), "no credential is no guess");
        }

        using var client = gateway.Gateway.Connect();
        var call = client.Send($"POST / HTTP/1.1\r\nHost: test\r\nContent-Type: application/grpc\r\n{CallerGateway.Bearer("guess4")}Content-Length: 0\r\n\r\n").ReadResponse();
        Assert.That((call["grpc-status"], call["grpc-message"]!.Split(',')[0]), Is.EqualTo(("14", "too_many_failures")));
    }

    [TestCase("", 403)]
    [TestCase("Content-Type: application/grpc\r\ngrpc-timeout: 1n\r\nTE: trailers\r\n", 200)]
    [TestCase("grpc-timeout: 1n\r\n", 403)]
    public async Task No_error_that_a_client_can_bring_about_leads_around_the_policies_to_a_stand_in(string fields, int status)
    {
        using var endpoint = new HttpEndpoint("secret");
        await using var gateway = await HttpGateway.StartAsync(
            "{routes: [{path: /x, upstream: up, allow_ips: 10.0.0.0/8, timeout: 2s, on_error: {503: {upstream: up}, 504: {upstream: up}}}]}", $"{{{HttpGateway.Upstream("up", "", endpoint)}}}");
        Assert.That(gateway.Get("/x", fields).Status, Is.EqualTo(status), "a call of gRPC has its status in a field");
        Assert.That(endpoint.Requests, Is.Empty);
    }

    [Test]
    public async Task Callers_and_refusals_are_in_the_log_and_in_metrics_by_names_of_the_file_alone()
    {
        using var folder = new TemporaryFolder();
        var path = folder["access.json"];
        await using var gateway = await CallerGateway.StartAsync(
            "{name: main, upstream: up, path: /main, auth: web, require: {roles: rider}}, {name: seen, path: /seen, upstream: up, auth: web, require: {roles: rider}, shadow: [auth, require]}",
            log: $"{{level: error, access: {path}}}");
        foreach (var (target, token) in new[] { ("/main", "alice"), ("/main", "bob"), ("/main", "eve"), ("/main", ""), ("/seen", "bob"), ("/seen", "") })
        {
            gateway.Gateway.Get(target, CallerGateway.Bearer(token));
        }

        var metrics = (await gateway.Gateway.Daemon.GetAsync("/metrics")).Text.Split('\n');
        Assert.That(metrics.Where(line => line.StartsWith("lb_auth_total{", StringComparison.Ordinal) || line.StartsWith("lb_policy_refusals_total{", StringComparison.Ordinal)), Is.EquivalentTo(new[]
        {
            "lb_auth_total{auth=\"web\",result=\"identified\"} 3",
            "lb_auth_total{auth=\"web\",result=\"token_inactive\"} 1",
            "lb_policy_refusals_total{listener=\"web\",route=\"main\",policy=\"auth\",reason=\"credential_missing\",shadow=\"false\"} 1",
            "lb_policy_refusals_total{listener=\"web\",route=\"main\",policy=\"auth\",reason=\"token_inactive\",shadow=\"false\"} 1",
            "lb_policy_refusals_total{listener=\"web\",route=\"main\",policy=\"require\",reason=\"role_missing\",shadow=\"false\"} 1",
            "lb_policy_refusals_total{listener=\"web\",route=\"seen\",policy=\"auth\",reason=\"credential_missing\",shadow=\"true\"} 1",
            "lb_policy_refusals_total{listener=\"web\",route=\"seen\",policy=\"require\",reason=\"credential_missing\",shadow=\"true\"} 1",
            "lb_policy_refusals_total{listener=\"web\",route=\"seen\",policy=\"require\",reason=\"role_missing\",shadow=\"true\"} 1",
        }));
        await Assert.ThatAsync(() => Task.FromResult(File.ReadAllLines(path).Length), Is.EqualTo(6).After(Loopback.TimeoutMs, 5));
        Assert.That(
            File.ReadAllLines(path).Select(line => JsonDocument.Parse(line).RootElement).Select(line =>
                string.Join(' ', new[] { "identity", "auth", "shadow", "result" }.Select(key => line.GetProperty(key).GetString() ?? "-"))),
            Is.EquivalentTo(new[]
            {
                "alice web - ok", "bob web - role_missing", "- - - token_inactive", "- - - credential_missing", "bob web require:role_missing ok", "- - auth:credential_missing,require:credential_missing ok",
            }));
        Assert.That(File.ReadAllText(path), Does.Not.Contain("Bearer"));
    }

    [Test]
    public async Task A_throttle_that_is_switched_off_by_a_reload_lets_everybody_try()
    {
        await using var gateway = await CallerGateway.StartAsync("{upstream: up, auth: web}", "auth_failures: 1/min\n");
        Assert.That(gateway.Gateway.Get("/", CallerGateway.Bearer("a")).Status, Is.EqualTo(401));
        Assert.That(gateway.Gateway.Get("/", CallerGateway.Bearer("b")).Status, Is.EqualTo(429));
        var text = await File.ReadAllTextAsync(gateway.Gateway.Daemon.ConfigPath);
        await File.WriteAllTextAsync(gateway.Gateway.Daemon.ConfigPath, text.Replace("auth_failures: 1/min", "auth_failures: off", StringComparison.Ordinal));
        gateway.Gateway.Daemon.Orders.OrderReload();
        await gateway.Gateway.Daemon.ReloadedAsync();
        Assert.That(gateway.Gateway.Get("/", CallerGateway.Bearer("b")).Status, Is.EqualTo(401));
    }
}

using System.Globalization;
using System.Text.Json;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>An upstream that fails, and its circuit breaker.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class CircuitScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    [Test]
    public async Task An_upstream_that_fails_is_left_alone_through_reloads_and_tried_when_its_time_has_passed()
    {
        var isDown = true;
        using var endpoint = new HttpEndpoint((wire, _) => wire.Respond("its own", status: Volatile.Read(ref isDown) ? "503 Service Unavailable" : "200 OK"));
        await using var gateway = await HttpGateway.ToAsync(endpoint, ", circuit_breaker: {minimum: 5, open_for: 30m}");
        using var client = gateway.Connect();
        for (var attempt = 0; attempt < 5; attempt++)
        {
            Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("its own"));
        }

        var refused = client.Get("/").ReadResponse();
        Assert.That(refused.Status, Is.EqualTo(503));
        Assert.That(Seconds(refused), Is.EqualTo(1800).Within(100));
        Assert.That(refused.Text, Does.Contain("\"code\":\"circuit_open\""));

        await gateway.Daemon.ReloadAsync(HttpGateway.Text("{upstream: up}", $"{{{HttpGateway.Upstream("up", ", circuit_breaker: {minimum: 5, open_for: 1h}, timeouts: {connect: 3s}", endpoint)}}}"));
        Assert.That(Seconds(client.Get("/").ReadResponse()), Is.EqualTo(3600).Within(100));
        Assert.That(endpoint.Requests, Has.Count.EqualTo(5));
        var circuit = Circuit(await gateway.StatusAsync());
        Assert.That((circuit.GetProperty("state").GetString(), circuit.GetProperty("openings").GetInt64(), circuit.GetProperty("refused").GetInt64()), Is.EqualTo(("open", 1, 2)));
        Assert.That(circuit.GetProperty("reason").GetString(), Is.EqualTo("5 of 5 attempts within 10 s failed, the last bad_status"));

        Volatile.Write(ref isDown, false);
        await gateway.Daemon.ReloadAsync(HttpGateway.Text("{upstream: up}", $"{{{HttpGateway.Upstream("up", ", circuit_breaker: {minimum: 5, open_for: 100ms}", endpoint)}}}"));
        await gateway.Daemon.UntilAsync(status => Circuit(status).GetProperty("state").GetString() == "half_open", "nobody would try it");
        for (var attempt = 0; attempt < 3; attempt++)
        {
            Assert.That(client.Get("/").ReadResponse().Status, Is.EqualTo(200));
        }

        Assert.That(Circuit(await gateway.StatusAsync()).GetProperty("state").GetString(), Is.EqualTo("closed"));
    }

    [Test]
    public async Task While_it_is_tried_exactly_the_probes_pass_and_the_others_have_the_stand_in()
    {
        using var recovered = new ManualResetEventSlim();
        var isDown = true;
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            if (Volatile.Read(ref isDown))
            {
                throw new OperationCanceledException();
            }

            recovered.Wait();
            wire.Respond("back");
        });
        using var stand = new HttpEndpoint("stand-in");
        await using var gateway = await HttpGateway.StartAsync(
            "{routes: [{path: \"/*\", upstream: up, on_error: {503: {upstream: stand}}}]}",
            $"{{{HttpGateway.Upstream("up", ", health: {passive: off}, circuit_breaker: {minimum: 4, open_for: 500ms, probes: 2}", endpoint)}, {HttpGateway.Upstream("stand", "", stand)}}}");
        for (var attempt = 0; attempt < 4; attempt++)
        {
            Assert.That(gateway.Get("/").Status, Is.EqualTo(502));
        }

        Assert.That(gateway.Get("/").Text, Is.EqualTo("stand-in"));
        Volatile.Write(ref isDown, false);
        await gateway.Daemon.UntilAsync(status => Circuit(status).GetProperty("state").GetString() == "half_open", "nobody would try it");
        var asked = endpoint.Requests.Count;
        var clients = Enumerable.Range(0, 2).Select(_ => gateway.Connect()).ToList();
        clients.ForEach(client => client.Get("/"));
        Assert.That(SpinWait.SpinUntil(() => endpoint.Requests.Count == asked + 2, TimeSpan.FromSeconds(30)), Is.True);
        Assert.That(gateway.Get("/").Text, Is.EqualTo("stand-in"), "while the two are out");

        recovered.Set();
        Assert.That(clients.Select(client => client.ReadResponse().Text), Is.All.EqualTo("back"));
        clients.ForEach(client => client.Dispose());
        Assert.That(gateway.Get("/").Text, Is.EqualTo("back"));
        Assert.That(Circuit(await gateway.StatusAsync()).GetProperty("openings").GetInt64(), Is.EqualTo(1));
    }

    [Test]
    public async Task A_status_of_500_and_clients_that_leave_are_no_failures_of_it()
    {
        using var never = new ManualResetEventSlim();
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            if (request.FirstLine.Contains("/silent", StringComparison.Ordinal))
            {
                never.Wait();
            }

            wire.Respond("mine", status: "500 Internal Server Error");
        });
        await using var gateway = await HttpGateway.ToAsync(endpoint, ", circuit_breaker: {minimum: 1, failure_ratio: 1%}");
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            using var leaving = gateway.Connect();
            leaving.Get("/silent");
            Assert.That(SpinWait.SpinUntil(() => endpoint.Requests.Count(request => request.FirstLine.Contains("/silent", StringComparison.Ordinal)) == attempt, TimeSpan.FromSeconds(30)), Is.True);
        }

        for (var attempt = 0; attempt < 20; attempt++)
        {
            Assert.That(gateway.Get("/").Text, Is.EqualTo("mine"));
        }

        Assert.That(Circuit(await gateway.StatusAsync()).GetProperty("state").GetString(), Is.EqualTo("closed"));
        never.Set();
    }

    [Test]
    public async Task A_failure_that_another_endpoint_makes_good_is_a_failure_too()
    {
        using var bad = new HttpEndpoint((wire, _) => wire.Respond("", status: "503 Service Unavailable"));
        using var good = new HttpEndpoint("ok");
        await using var gateway = await HttpGateway.StartAsync(
            "{routes: [{path: \"/*\", upstream: up, retry: {on: [503], budget: 100%}}]}",
            $"{{{HttpGateway.Upstream("up", ", health: {passive: off}, circuit_breaker: {minimum: 10, failure_ratio: 30%, open_for: 1h}", bad, good)}}}");
        using var client = gateway.Connect();
        var statuses = new List<int>();
        while (statuses.Count < 50 && !statuses.Contains(503))
        {
            statuses.Add(client.Get("/").ReadResponse().Status);
        }

        Assert.That(statuses.SkipLast(1), Is.All.EqualTo(200));
        Assert.That(statuses[^1], Is.EqualTo(503));
        Assert.That(Circuit(await gateway.StatusAsync()).GetProperty("reason").GetString(), Does.EndWith("attempts within 10 s failed, the last bad_status"));
    }

    private static int Seconds(HttpMessage refused) => int.Parse(refused["Retry-After"]!, CultureInfo.InvariantCulture);

    private static JsonElement Circuit(JsonElement status) => status.GetProperty("upstreams")[0].GetProperty("circuit");
}

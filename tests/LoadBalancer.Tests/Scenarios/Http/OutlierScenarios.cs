using System.Text.Json;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>An endpoint that does worse than the others, seen from its clients.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class OutlierScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    [Test]
    public async Task One_that_answers_nothing_but_503_is_ejected_and_says_by_which_rule()
    {
        using var bad = new HttpEndpoint((wire, _) => wire.Respond("", status: "503 Service Unavailable"));
        using var good = new HttpEndpoint((wire, _) => wire.Respond("", status: "500 Internal Server Error"));
        await using var gateway = await HttpGateway.StartAsync("{upstream: up}", $"{{{HttpGateway.Upstream("up", ", health: {passive: {consecutive: 4}}", bad, good)}}}");
        using var client = gateway.Connect();
        for (var request = 0; request < 8; request++)
        {
            client.Get("/").ReadResponse();
        }

        await gateway.Daemon.UntilAsync(status => Endpoint(status, 0).GetProperty("state").GetString() == "ejected", "four in a row");
        var verdict = Endpoint(await gateway.StatusAsync(), 0).GetProperty("verdicts")[0];
        Assert.That((verdict.GetProperty("cause").GetString(), verdict.GetProperty("reason").GetString()), Is.EqualTo(("consecutive", "4 failures in a row, the last bad_status")));
        Assert.That(Enumerable.Range(0, 20).Select(_ => client.Get("/").ReadResponse().Status), Is.All.EqualTo(500), "and a 500 ejects nobody");
        Assert.That((await gateway.Daemon.GetAsync("/metrics")).Text, Does.Contain($"lb_endpoint_ejections_total{{upstream=\"up\",endpoint=\"{bad.Address}\",cause=\"consecutive\"}} 1\n"));
    }

    [Test]
    public async Task One_that_is_slow_is_ejected_by_its_first_bytes()
    {
        // The clock of an endpoint's script is its thread's: nothing else here waits.
        using var never = new ManualResetEventSlim();
        using var slow = new HttpEndpoint((wire, _) =>
        {
            never.Wait(TimeSpan.FromMilliseconds(150));
            wire.Respond("slow");
        });
        using var one = new HttpEndpoint("fast");
        using var two = new HttpEndpoint("fast");
        await using var gateway = await HttpGateway.StartAsync(
            "{upstream: up}", $"{{{HttpGateway.Upstream("up", ", health: {passive: {slower_than: 300%, minimum: 3, within: 5s}}", slow, one, two)}}}");
        using var client = gateway.Connect();
        await gateway.Daemon.UntilAsync(
            status =>
            {
                client.Get("/").ReadResponse();
                return Endpoint(status, 0).GetProperty("state").GetString() == "ejected";
            },
            "it is slower than the others");
        var verdict = Endpoint(await gateway.StatusAsync(), 0).GetProperty("verdicts")[0];
        Assert.That(verdict.GetProperty("cause").GetString(), Is.EqualTo("slower_than"));
        Assert.That(Enumerable.Range(0, 10).Select(_ => client.Get("/").ReadResponse().Text), Is.All.EqualTo("fast"));
    }

    private static JsonElement Endpoint(JsonElement status, int at) => status.GetProperty("upstreams")[0].GetProperty("endpoints")[at];
}

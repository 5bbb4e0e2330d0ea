using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>Connections that clients drop at every moment of their life: what the process has when they are gone.</summary>
internal sealed class ChurnScenarios
{
    [Test]
    public async Task Twenty_thousand_connections_opened_and_dropped_leave_nothing_behind()
    {
        using var endpoint = new EchoEndpoint('a');
        using var lb = await LbProcess.StartAsync(endpoint.Address, tcp: true);
        ConnectionChurn.Drop(lb.Address, 2_000, seed: 0);
        await lb.UntilAsync(IsIdle, "the first ones are gone");
        var before = lb.Descriptors;
        ConnectionChurn.Drop(lb.Address, 20_000, seed: 1);
        await lb.UntilAsync(IsIdle, "all are gone");

        // The status answers on a connection of its own, which the next one may follow closely.
        Assert.That(() => lb.Descriptors, Is.LessThanOrEqualTo(before).After(Loopback.TimeoutMs, 10));
        var accepted = (await lb.StatusAsync()).GetProperty("listeners")[0].GetProperty("connections").GetInt32();
        Assert.That(accepted, Is.GreaterThan(15_000), "most of them were more than a connect that was given up");
        Assert.That(() => endpoint.Open, Is.Zero.After(Loopback.TimeoutMs, 10));
        Assert.That((await lb.StopAsync()).ExitCode, Is.Zero);
    }

    private static bool IsIdle(System.Text.Json.JsonElement status) =>
        status.GetProperty("listeners")[0].GetProperty("active_connections").GetInt32() == 0
        && status.GetProperty("upstreams")[0].GetProperty("endpoints")[0].GetProperty("active_connections").GetInt32() == 0;
}

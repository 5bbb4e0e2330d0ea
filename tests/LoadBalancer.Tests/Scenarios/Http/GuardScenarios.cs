using System.Text.Json;
using LoadBalancer.Daemon.Cli;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>A reload that makes requests fail is taken back without anybody's help.</summary>
internal sealed class GuardScenarios
{
    private const string Process = "reload: {watch: true, guard: {for: 1h}}\nshutdown: {unready_for: 0s}\ntransport: {loops: 1}\n";

    [Test]
    public async Task A_reload_to_a_bad_endpoint_is_taken_back_and_one_without_guard_is_not()
    {
        using var good = new HttpEndpoint("good");
        using var bad = new HttpEndpoint((wire, _) => wire.Respond("bad", status: "500 Broken"));
        string To(HttpEndpoint endpoint) => HttpGateway.Text("{routes: [{name: users, path: /users, upstream: up}]}", $"{{{HttpGateway.Upstream("up", ", health: {passive: off}", endpoint)}}}");
        await using var gateway = await HttpGateway.OnAsync(DaemonHarness.StartAsync(To(good), Process));
        var before = (await gateway.StatusAsync()).GetProperty("config").GetProperty("version").GetString();
        Assert.That(Ask(gateway, 250), Is.All.EqualTo(200));

        var status = await gateway.Daemon.ReloadAsync(To(bad));
        Assert.That(status.GetProperty("config").GetProperty("guarded_until").GetString(), Is.Not.Null);
        Assert.That(Ask(gateway, 250), Does.Contain(500));
        await gateway.Daemon.UntilAsync(status => status.GetProperty("config").GetProperty("source").GetString() == "guard", "the guard takes the reload back");
        Assert.That(Ask(gateway, 10), Is.All.EqualTo(200));

        status = await gateway.StatusAsync();
        var config = status.GetProperty("config");
        Assert.That(config.GetProperty("version").GetString(), Is.EqualTo(before));
        Assert.That(config.GetProperty("taken_back").GetProperty("why").GetString(), Does.StartWith("route users of listener web: 5xx was 0% and is "));
        Assert.That(new StatusReport(status).Print(), Does.Contain("the file on disk is not what runs: the guard took it back: route users of listener web: 5xx was"));
        Assert.That((await gateway.Daemon.GetAsync("/metrics")).Text, Does.Contain("""lb_config_taken_back{listener="web",route="users",measure="5xx"} 1""").And.Contain("""lb_config_returns_total{by="guard"} 1"""));
        var history = JsonElement.Parse((await gateway.Daemon.GetAsync("/history")).Text).EnumerateArray().Select(entry => $"{entry.GetProperty("by")} {entry.GetProperty("outcome")}").ToList();
        Assert.That(history, Has.Count.EqualTo(3));
        Assert.That((history[0], history[2]), Is.EqualTo(("start applied", "guard applied")));
        Assert.That(history[1], Is.EqualTo("signal taken_back").Or.EqualTo("watch taken_back"));

        Assert.That(await gateway.Daemon.PostAsync("/reload?guard=false"), Is.EqualTo(System.Net.HttpStatusCode.OK));
        config = (await gateway.StatusAsync()).GetProperty("config");
        Assert.That((config.GetProperty("source").GetString(), config.GetProperty("guarded_until").ValueKind), Is.EqualTo(("file", JsonValueKind.Null)));
        Assert.That(Ask(gateway, 1), Is.All.EqualTo(500));
    }

    private static List<int> Ask(HttpGateway gateway, int times)
    {
        using var client = gateway.Connect();
        return [.. Enumerable.Range(0, times).Select(_ => client.Get("/users").ReadResponse().Status)];
    }
}

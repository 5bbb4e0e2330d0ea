using System.Text.Json;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>A reload that makes requests fail is taken back without anybody's help.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class GuardScenarios(Carrier carrier) : IOverCarriers
{
    private const string Process = "reload: {watch: true, guard: {for: 1h}}\nshutdown: {unready_for: 0s}\ntransport: {loops: 1}\n";
    private const string Agree = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    public Carrier Carrier => carrier;

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

        // Counted last: when the earlier configuration runs, and that is in the history.
        await gateway.Daemon.UntilAsync(status => status.GetProperty("config").GetProperty("guard_returns").GetInt64() == 1, "and has counted it");
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

    [TestCase("dead", TestName = "Calls of gRPC to an endpoint that is not there")]
    [TestCase("failing", TestName = "Calls of gRPC to a service that is UNAVAILABLE")]
    public async Task A_reload_under_which_calls_of_gRPC_fail_is_taken_back_although_their_status_is_200(string next)
    {
        using var good = new HttpEndpoint((wire, _) => wire.Respond("", "Content-Type: application/grpc\r\ngrpc-status: 0\r\n"));
        using var failing = new HttpEndpoint((wire, _) => wire.Send("HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n0\r\ngrpc-status: 14\r\n\r\n"));
        string To(string upstream) => HttpGateway.Text(
            $"{{routes: [{{name: calls, path: \"/*\", upstream: {upstream}}}]}}",
            $"{{{HttpGateway.Upstream("good", "", good)}, {HttpGateway.Upstream("failing", ", health: {passive: off}", failing)}, dead: {{endpoints: [\"{Loopback.Refusing()}\"], health: {{passive: off}}}}}}");
        await using var gateway = await HttpGateway.OnAsync(DaemonHarness.StartAsync(To("good"), Process));
        List<int> Call(int times)
        {
            using var client = gateway.Connect();
            return [.. Enumerable.Range(0, times).Select(_ => client.Get("/pkg.Service/Do", "Content-Type: application/grpc\r\n").ReadResponse()).Select(answer => answer.Status)];
        }

        Assert.That(Call(250), Is.All.EqualTo(200));
        await gateway.Daemon.ReloadAsync(To(next));
        Assert.That(Call(250), Is.All.EqualTo(200));
        await gateway.Daemon.UntilAsync(status => status.GetProperty("config").GetProperty("source").GetString() == "guard", "the guard takes the reload back");
        Assert.That((await gateway.StatusAsync()).GetProperty("config").GetProperty("taken_back").GetProperty("measure").GetString(), Is.EqualTo("5xx"));
    }

    [Test]
    public async Task A_reload_under_which_no_WebSocket_opens_is_taken_back_and_those_that_are_open_go_on()
    {
        using var good = new HttpEndpoint((wire, request) =>
        {
            wire.Send(WebSocketAnswer.To(request));
            wire.Send(wire.ReadBytes(4));
        });
        using var bad = new HttpEndpoint((wire, _) => wire.Respond("no chat here", status: "404 Not Found"));
        string To(string upstream) => HttpGateway.Text($"{{routes: [{{name: chat, path: /chat, upstream: {upstream}}}]}}", $"{{{HttpGateway.Upstream("good", "", good)}, {HttpGateway.Upstream("bad", "", bad)}}}");
        await using var gateway = await HttpGateway.OnAsync(DaemonHarness.StartAsync(To("good"), Process));
        using var open = gateway.Connect();
        open.Get("/chat", Agree).ReadHead();
        Assert.That(Open(gateway, 250), Is.All.AnyOf(101, 200));

        await gateway.Daemon.ReloadAsync(To("bad"));
        Assert.That(Open(gateway, 250), Does.Contain(404));
        await gateway.Daemon.UntilAsync(status => status.GetProperty("config").GetProperty("source").GetString() == "guard", "the guard takes the reload back");
        Assert.That(Open(gateway, 10), Is.All.AnyOf(101, 200));
        open.Send("ping"u8);
        Assert.That(open.ReadBytes(4), Is.EqualTo("ping"u8.ToArray()));
    }

    [Test]
    public async Task A_reload_that_asks_for_keys_is_kept_although_it_refuses()
    {
        using var endpoint = new HttpEndpoint("open");
        string With(string auth) => HttpGateway.Text($"{{routes: [{{name: users, path: /users, upstream: up{auth}}}]}}", $"{{{HttpGateway.Upstream("up", "", endpoint)}}}")
            + "auth: {keys: {api_key: {header: X-Key}}}\nconsumers: {a: {api_keys: \"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"}}\n";
        await using var gateway = await HttpGateway.OnAsync(DaemonHarness.StartAsync(With(""), Process.Replace("1h", "5s", StringComparison.Ordinal)));
        Assert.That(Ask(gateway, 250), Is.All.EqualTo(200));
        await gateway.Daemon.ReloadAsync(With(", auth: keys"));
        Assert.That(Ask(gateway, 250), Is.All.EqualTo(401).Or.EqualTo(429));
        await gateway.Daemon.UntilAsync(status => status.GetProperty("config").GetProperty("guarded_until").ValueKind == JsonValueKind.Null, "the guard ends its watch");
        Assert.That((await gateway.StatusAsync()).GetProperty("config").GetProperty("source").GetString(), Is.EqualTo("file"));
    }

    [Test]
    public async Task No_guard_is_heard_after_the_watcher_has_loaded_the_file_too()
    {
        using var endpoint = new HttpEndpoint("ok");
        string With(string keys) => HttpGateway.Text("{routes: [{name: users, path: /users, upstream: up}]}", $"{{{HttpGateway.Upstream("up", keys, endpoint)}}}");
        await using var gateway = await HttpGateway.OnAsync(DaemonHarness.StartAsync(With(""), Process));
        Assert.That(Ask(gateway, 250), Is.All.EqualTo(200));
        gateway.Daemon.Write(With(", balance: random_two"));
        await gateway.Daemon.UntilAsync(status => status.GetProperty("config").GetProperty("guarded_until").ValueKind == JsonValueKind.String, "the watcher loads it, and the guard watches");

        using StringWriter output = new(), errors = new();
        var code = await new Shell(new Terminal(output, errors, _ => null)).RunAsync(["reload", "--no-guard", "-c", gateway.Daemon.ConfigPath]);
        Assert.That((code, errors.ToString()), Is.EqualTo((ExitCode.Success, "")));
        Assert.That(output.ToString(), Does.Match("^reloaded; nothing has changed: [0-9a-f]{16} runs; the guard watches no more\n$"));
        Assert.That((await gateway.StatusAsync()).GetProperty("config").GetProperty("guarded_until").ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    private static List<int> Open(HttpGateway gateway, int times)
    {
        var statuses = new List<int>();
        for (var time = 0; time < times; time++)
        {
            using var client = gateway.Connect();
            statuses.Add(client.Get("/chat", Agree).ReadHead().Status);
        }

        return statuses;
    }

    private static List<int> Ask(HttpGateway gateway, int times)
    {
        using var client = gateway.Connect();
        return [.. Enumerable.Range(0, times).Select(_ => client.Get("/users").ReadResponse().Status)];
    }
}

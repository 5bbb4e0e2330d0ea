using System.Net;
using System.Text.Json;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>What callers have used: counted where a route asks who calls, kept, and printed.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class UsageScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    [Test]
    public async Task A_caller_is_counted_on_routes_that_ask_for_one_and_across_a_restart()
    {
        using var folder = new TemporaryFolder();
        var state = $"state: {{dir: {folder["state"]}}}\n";
        await using (var callers = await StartAsync(state))
        {
            var gateway = callers.Gateway;
            Assert.That((gateway.Get("/", CallerGateway.Bearer("alice")).Status, gateway.Get("/", CallerGateway.Bearer("alice")).Status), Is.EqualTo((200, 200)));
            Assert.That((gateway.Get("/", CallerGateway.Bearer("bob")).Status, gateway.Get("/").Status, gateway.Get("/open").Status), Is.EqualTo((200, 401, 200)));
            await CountedAsync(gateway, 4);
        }

        await using var again = await StartAsync(state);
        Assert.That(again.Gateway.Get("/", CallerGateway.Bearer("alice")).Status, Is.EqualTo(200));
        var usage = await CountedAsync(again.Gateway, 5);
        var counted = usage.GetProperty("callers").EnumerateArray()
            .Select(caller => (caller.GetProperty("auth").GetString(), caller.GetProperty("subject").GetString(), caller.GetProperty("plan").GetString(), caller.GetProperty("requests").GetInt32(), caller.GetProperty("sent_bytes").GetInt64() > 0));
        Assert.That(counted, Is.EqualTo(new[] { ("web", "alice", "pro", 3, true), (null, "(anonymous)", null, 1, true), ("web", "bob", (string?)null, 1, true) }));

        var (exit, text) = await LbAsync(again.Gateway, "--plan", "pro", "--format", "csv");
        Assert.That((exit, text.Split("\r\n")[1]), Is.EqualTo((ExitCode.Success, $"{usage.GetProperty("month").GetString()},web,alice,pro,3,0,0,0,0,6")));
        (exit, text) = await LbAsync(again.Gateway, "--caller", "bob");
        Assert.That(exit, Is.EqualTo(ExitCode.Success));
        Assert.That(text, Does.Contain("bob").And.Not.Contain("alice"));
        (exit, text) = await LbAsync(again.Gateway, "--month", "1999-01");
        Assert.That((exit, text), Is.EqualTo((ExitCode.Failure, "lb: nothing is known of 1999-01: nothing was counted then, or it is more than 13 months ago\n")));
        (exit, text) = await LbAsync(again.Gateway, "--month", "november");
        Assert.That((exit, text), Is.EqualTo((ExitCode.Failure, "lb: 'month' expects a month such as 2026-11, not 'november'\n")));
        (exit, text) = await LbAsync(again.Gateway, "--format", "xml");
        Assert.That((exit, text), Is.EqualTo((ExitCode.Usage, "lb: --format expects text, csv, json, not 'xml'\n")));
    }

    [Test]
    public async Task Where_usage_is_off_nothing_is_counted()
    {
        await using var callers = await StartAsync("state: {usage: false}\n");
        Assert.That(callers.Gateway.Get("/", CallerGateway.Bearer("alice")).Status, Is.EqualTo(200));
        Assert.That((await UsageAsync(callers.Gateway)).GetProperty("callers").GetArrayLength(), Is.Zero);
    }

    private static Task<CallerGateway> StartAsync(string state) => CallerGateway.StartAsync("{auth: web, upstream: up}, {path: /open, upstream: up}", state);

    private static async Task<JsonElement> UsageAsync(HttpGateway gateway)
    {
        var (status, text) = await gateway.Daemon.GetAsync("/usage");
        Assert.That(status, Is.EqualTo(HttpStatusCode.OK));
        return JsonElement.Parse(text);
    }

    /// <summary>The usage when so many requests are in it: one is counted when it has ended, which its client may see before.</summary>
    private static async Task<JsonElement> CountedAsync(HttpGateway gateway, int requests)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var usage = await UsageAsync(gateway);
            if (usage.GetProperty("callers").EnumerateArray().Sum(caller => caller.GetProperty("requests").GetInt32()) == requests)
            {
                return usage;
            }

            Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(30)), usage.ToString());
            await Loopback.PauseAsync();
        }
    }

    private static async Task<(int Exit, string Text)> LbAsync(HttpGateway gateway, params string[] arguments)
    {
        var text = new StringWriter();
        var exit = await new Shell(new Terminal(text, text, _ => null)).RunAsync(["usage", "-c", gateway.Daemon.ConfigPath, .. arguments]);
        return (exit, text.ToString());
    }
}

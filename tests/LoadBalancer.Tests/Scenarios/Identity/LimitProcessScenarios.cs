using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Redis;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>What is left of limits when a process is killed, and when another takes its place: each way of counting for itself.</summary>
[CancelAfter(120_000)]
internal sealed class LimitProcessScenarios
{
    private const int Most = 1000;
    private const int Before = 20;

    private readonly IPEndPoint _address = (IPEndPoint)Loopback.Refusing();

    [Test]
    public async Task A_process_that_is_killed_takes_along_what_it_had_leased_and_what_it_counted_since_it_wrote_last()
    {
        const int Since = 3;
        using var folder = new TemporaryFolder();
        using var redis = new RedisServer();
        File.WriteAllText(folder["lb.yaml"], $"{Config}state: {{dir: {folder["state"]}, redis: {{address: \"{redis.Url}\", timeout: 5s}}, on_failure: deny}}\nlog: {{access: off}}\n");
        await using (var lb = await RunningLb.StartAsync(folder, folder["lb.yaml"]))
        {
            Assert.That((await LeftAsync("/local", Before), await LeftAsync("/exact", Before)), Is.EqualTo((Most - Before, Most - Before)));
            await LeftAsync("/leased", Before);
            Assert.That(() => Written(folder), Is.EqualTo(Before).After(30_000, 20));
            Assert.That(await LeftAsync("/local", Since), Is.EqualTo(Most - Before - Since));
            await lb.KillAsync();
        }

        await using var next = await RunningLb.StartAsync(folder, folder["lb.yaml"]);
        Assert.That(await LeftAsync("/exact", 1), Is.EqualTo(Most - Before - 1), "Redis has all of it");
        Assert.That(await LeftAsync("/local", 1), Is.InRange(Most - Before - Since - 1, Most - Before - 1), "the file has what was written");

        // A lease is of twice what was used since the one before at most.
        Assert.That(await LeftAsync("/leased", 1), Is.InRange(Most - Before - 1 - (2 * Before), Most - Before - 1), "and what was leased is used for the others");
    }

    [Test]
    public async Task An_upgrade_neither_loses_nor_doubles_a_request()
    {
        using var redis = new RedisServer();
        using var lb = new UpgradableLb();
        lb.Write(Config);
        File.WriteAllText(lb["lb.yaml"], File.ReadAllText(lb["lb.yaml"]).Replace("state: {", $"state: {{redis: {{address: \"{redis.Url}\", timeout: 5s}}, on_failure: deny, ", StringComparison.Ordinal));
        await lb.StartAsync();
        foreach (var path in (string[])["/local", "/exact", "/leased"])
        {
            await LeftAsync(path, Before);
        }

        var before = lb.ProcessId;
        var (status, _, error) = await lb.UpgradeAsync();
        Assert.That(status, Is.EqualTo(HttpStatusCode.OK), error);
        Assert.That(() => UpgradableLb.HasEnded(before), Is.True.After(30_000, 20));
        foreach (var path in (string[])["/local", "/exact", "/leased"])
        {
            Assert.That(await LeftAsync(path, 1), Is.EqualTo(Most - Before - 1), path);
        }
    }

    private string Config => $$"""
        listeners:
          web:
            bind: "{{_address}}"
            http:
              routes:
                - {path: /local, respond: {status: 200, body: ok}, rate_limit: local}
                - {path: /exact, respond: {status: 200, body: ok}, rate_limit: exact}
                - {path: /leased, respond: {status: 200, body: ok}, rate_limit: leased}
        rate_limits:
          local: {key: client_ip, limit: {quota: {{Most}}/month}, mode: local}
          exact: {key: client_ip, limit: {{Most}}/h, mode: exact}
          leased: {key: client_ip, limit: {quota: {{Most}}/month}, mode: leased}
        shutdown: {unready_for: 0s}

        """;

    /// <summary>What quotas.json has.</summary>
    private static long Written(TemporaryFolder folder)
    {
        try
        {
            return JsonElement.Parse(File.ReadAllText(Path.Combine(folder["state"], "quotas.json"))).GetProperty("quotas").EnumerateArray()
                .SelectMany(quota => quota.GetProperty("callers").EnumerateObject()).Sum(caller => caller.Value.GetInt64());
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }

    /// <summary>Asks so often, and gives what the last answer says is left. Each time over its own connection, so that no process has a client that stays.</summary>
    private async Task<int> LeftAsync(string path, int times)
    {
        using var client = new HttpClient { BaseAddress = new Uri($"http://{_address}"), Timeout = TimeSpan.FromSeconds(30) };
        var told = "";
        for (var time = 0; time < times; time++)
        {
            using var response = await client.GetAsync(new Uri(path, UriKind.Relative));
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
            told = response.Headers.GetValues("RateLimit").Single();
        }

        return int.Parse(Regex.Match(told, ";r=([0-9]+)").Groups[1].Value, CultureInfo.InvariantCulture);
    }
}

using System.Net;
using System.Text.RegularExpressions;
using LoadBalancer.Daemon.Metrics;
using LoadBalancer.Daemon.Tests.Repository;
using LoadBalancer.Daemon.Tests.Scenarios;
using LoadBalancer.Tests;
using static LoadBalancer.Daemon.Tests.Scenarios.BalancingScenarios;

namespace LoadBalancer.Daemon.Tests.Metrics;

/// <summary>samples/prometheus: judged by promtool, held to the metrics that there are, and run by a real Prometheus.</summary>
internal sealed partial class PrometheusSampleTests
{
    private const string Folder = "samples/prometheus";

    private static readonly string Rules = WorkTree.Read($"{Folder}/lb.rules.yml");

    [TestCase("check", "config", "prometheus.yml")]
    [TestCase("check", "rules", "lb.rules.yml")]
    [TestCase("test", "rules", "lb.rules.test.yml")]
    public void Satisfies_promtool(string verb, string what, string file)
    {
        var verdict = Command.Run("promtool", [verb, what, $"{Folder}/{file}"]);

        Assert.That(verdict.ExitCode, Is.Zero, verdict.Output);
        Assert.That(verdict.Output, Does.Not.Contain("FAILED").And.Not.Contain("WARN"));
    }

    [Test]
    public void Asks_for_metrics_that_there_are()
    {
        var written = MetricFamilies.All.SelectMany(family => family.Type == MetricType.Histogram
            ? new[] { $"{family.Name}_bucket", $"{family.Name}_sum", $"{family.Name}_count" }
            : [family.Name]).Append("up");

        Assert.That(Queries().SelectMany(query => MetricName().Matches(query)).Select(name => name.Value).Distinct(), Is.SubsetOf(written).And.Not.Empty);
    }

    [Test]
    public void Asks_for_labels_that_there_are()
    {
        // What Prometheus itself adds to each series, and a histogram to its buckets.
        var known = MetricFamilies.All.SelectMany(family => family.Labels).Concat(["job", "instance", "le"]).ToHashSet();

        Assert.That(Queries().SelectMany(query => Label().Matches(query)).Select(label => label.Groups[1].Value).Distinct(), Is.SubsetOf(known).And.Not.Empty);
    }

    [Test]
    public void Has_a_test_of_each_alert_and_says_what_to_do()
    {
        var tests = WorkTree.Read($"{Folder}/lb.rules.test.yml");
        var alerts = Rules.Split("- alert: ")[1..];

        Assert.That(alerts.Select(alert => alert[..alert.IndexOf('\n', StringComparison.Ordinal)]).Where(name => !Regex.IsMatch(tests, $@"alertname(: |=""){name}\b")), Is.Empty);
        Assert.That(alerts, Has.All.Contains("severity: ").And.All.Contains("summary: \"").And.All.Contains("description: \""));
    }

    [Test]
    public async Task Runs_in_a_real_Prometheus_that_scrapes_a_running_lb()
    {
        using var folder = new TemporaryFolder();
        using var endpoint = new EchoEndpoint('a');
        var admin = Prometheus.FreePort();
        var yaml = $"listeners:\n  all: {{bind: \"127.0.0.1:0\", tcp: {{upstream: all}}}}\nupstreams:\n  all: {{endpoints: [\"{endpoint.Address}\"]}}\n";
        await using var daemon = await DaemonHarness.StartAsync(yaml);
        await File.WriteAllTextAsync(daemon.ConfigPath, daemon.Whole(yaml).Replace("bind: \"unix:", $"bind: [\"127.0.0.1:{admin}\", \"unix:", StringComparison.Ordinal).Replace("admin.sock\"", "admin.sock\"]", StringComparison.Ordinal));
        daemon.Orders.OrderReload();
        await daemon.ReloadedAsync();
        await ConnectAsync(daemon, "all", 10);

        using var prometheus = Prometheus.OfSample(folder["prometheus"], Path.Combine(WorkTree.Root, Folder), new IPEndPoint(IPAddress.Loopback, admin));
        await prometheus.UntilAsync("lb_upstream_connect_seconds_count{job=\"lb\", upstream=\"all\"} == 10", "what was connected is scraped");
        await prometheus.UntilAsync("up{job=\"lb\"} == 1", "lb is up");
        Assert.That(await prometheus.QueryAsync("lb_loop_cpu_seconds_total{job=\"lb\"}"), Is.Not.Empty);
        Assert.That(await prometheus.BrokenRulesAsync(), Is.Empty);
        Assert.That(await prometheus.QueryAsync("ALERTS{alertstate=\"firing\", severity=\"critical\"}"), Is.Empty);
    }

    /// <summary>The expressions of the rules, those of one line and those of several.</summary>
    private static List<string> Queries() => [.. Query().Matches(Rules).Select(query => query.Groups[1].Value)];

    [GeneratedRegex(@"expr: (?:\|\n)?((?:.|\n)*?)\n +(?:for|labels):")]
    private static partial Regex Query();

    [GeneratedRegex(@"\b(?:(?:lb|process|dotnet)_[a-z0-9_]+|up)\b")]
    private static partial Regex MetricName();

    [GeneratedRegex(@"[{,]\s*([a-z_]+)\s*(?:=~|!=|=)")]
    private static partial Regex Label();
}

using System.Globalization;
using System.Net;
using static LoadBalancer.Daemon.Tests.Scenarios.BalancingScenarios;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>What /metrics says of a daemon that serves.</summary>
internal sealed class MetricsScenarios
{
    private EchoEndpoint _a = null!;
    private EchoEndpoint _b = null!;

    [SetUp]
    public void Listen()
    {
        _a = new EchoEndpoint('a');
        _b = new EchoEndpoint('b');
    }

    [TearDown]
    public void Close()
    {
        _a.Dispose();
        _b.Dispose();
    }

    [Test]
    public async Task Every_connect_is_counted_for_its_endpoint_and_every_session_for_its_upstream()
    {
        await using var daemon = await DaemonHarness.StartAsync(With(_a, _b));
        await ConnectAsync(daemon, "all", 10);
        await daemon.UntilAsync(Ended(10), "all connections have ended");

        var page = await PageAsync(daemon);
        Assert.That(Value(page, $"lb_endpoint_connect_seconds_count{{upstream=\"all\",endpoint=\"{_a.Address}\"}}"), Is.EqualTo(5));
        Assert.That(Value(page, $"lb_endpoint_connect_seconds_bucket{{upstream=\"all\",endpoint=\"{_b.Address}\",le=\"+Inf\"}}"), Is.EqualTo(5));
        Assert.That(Value(page, "lb_upstream_connect_seconds_count{upstream=\"all\"}"), Is.EqualTo(10));
        Assert.That(Value(page, "lb_upstream_connect_seconds_sum{upstream=\"all\"}"), Is.Positive);
        Assert.That(Value(page, "lb_upstream_session_seconds_count{upstream=\"all\"}"), Is.EqualTo(10));
        Assert.That(
            Value(page, "lb_upstream_session_seconds_sum{upstream=\"all\"}") + Value(page, "lb_upstream_connect_seconds_sum{upstream=\"all\"}"),
            Is.LessThanOrEqualTo(Value(page, "lb_connection_duration_seconds_sum{listener=\"all\"}")));
    }

    [Test]
    public async Task A_connect_that_failed_is_a_fault_and_no_latency()
    {
        _a.Dispose();
        await using var daemon = await DaemonHarness.StartAsync(With(_a, _b));
        await ConnectAsync(daemon, "all", 4);
        await daemon.UntilAsync(Ended(4), "all connections have ended");

        var page = await PageAsync(daemon);
        Assert.That(Value(page, $"lb_endpoint_faults_total{{upstream=\"all\",endpoint=\"{_a.Address}\",reason=\"connect_refused\"}}"), Is.Positive);
        Assert.That(Value(page, $"lb_endpoint_connect_seconds_count{{upstream=\"all\",endpoint=\"{_a.Address}\"}}"), Is.Zero);
        Assert.That(Value(page, "lb_upstream_connect_seconds_count{upstream=\"all\"}"), Is.EqualTo(4));
    }

    [Test]
    public async Task Counts_outlive_a_reload_and_the_series_of_an_endpoint_that_is_gone_disappear()
    {
        await using var daemon = await DaemonHarness.StartAsync(With(_a, _b));
        await ConnectAsync(daemon, "all", 6);
        await daemon.UntilAsync(Ended(6), "all connections have ended");
        await daemon.ReloadAsync(With(_a));

        var page = await PageAsync(daemon);
        Assert.That(Value(page, $"lb_endpoint_connect_seconds_count{{upstream=\"all\",endpoint=\"{_a.Address}\"}}"), Is.EqualTo(3));
        Assert.That(Value(page, "lb_upstream_connect_seconds_count{upstream=\"all\"}"), Is.EqualTo(6), "what the upstream has counted does not fall");
        Assert.That(page.Where(line => line.Contains($"{_b.Address}", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public async Task Traffic_adds_no_series()
    {
        await using var daemon = await DaemonHarness.StartAsync(With(_a, _b));
        var before = Series(await PageAsync(daemon));

        // Each client has another port.
        await ConnectAsync(daemon, "all", 100);
        await daemon.UntilAsync(Ended(100), "all connections have ended");

        Assert.That(Series(await PageAsync(daemon)), Is.EqualTo(before));
    }

    private static string With(params EchoEndpoint[] endpoints) =>
        $"listeners:\n  all: {{bind: \"127.0.0.1:0\", tcp: {{upstream: all}}}}\nupstreams:\n  all: {{endpoints: [{string.Join(", ", endpoints.Select(endpoint => $"\"{endpoint.Address}\""))}]}}\n";

    private static Func<System.Text.Json.JsonElement, bool> Ended(int connections) => status =>
        status.GetProperty("listeners")[0] is var listener
        && listener.GetProperty("connections").GetInt32() == connections && listener.GetProperty("active_connections").GetInt32() == 0;

    private static async Task<string[]> PageAsync(DaemonHarness daemon)
    {
        var (status, text) = await daemon.GetAsync("/metrics");
        Assert.That(status, Is.EqualTo(HttpStatusCode.OK));
        return text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static double Value(string[] page, string series) => double.Parse(
        page.Single(line => line.StartsWith($"{series} ", StringComparison.Ordinal))[(series.Length + 1)..], CultureInfo.InvariantCulture);

    // A fault's series appears with its first fault, by design: a connection that is reset by its test is one.
    private static string[] Series(string[] page) =>
        [.. page.Where(line => !line.StartsWith('#') && !line.StartsWith("lb_listener_faults_total", StringComparison.Ordinal)).Select(line => line[..line.LastIndexOf(' ')])];
}

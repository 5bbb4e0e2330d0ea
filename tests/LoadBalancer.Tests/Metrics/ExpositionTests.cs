using System.Text;
using LoadBalancer.Daemon.Admin;
using LoadBalancer.Daemon.Metrics;
using LoadBalancer.Daemon.Tests.Status;
using LoadBalancer.Daemon.Upgrading;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Metrics;

internal sealed class ExpositionTests
{
    private const string AcceptOpenMetrics = "application/openmetrics-text; version=1.0.0";

    private TemporaryFolder _folder = null!;
    private LoopLog _lines = null!;
    private ConnectionLog _connections = null!;
    private Exposition _exposition = null!;

    [SetUp]
    public void Compose()
    {
        _folder = new TemporaryFolder();
        _lines = new LoopLog(1, LogDestination.File(_folder["access.json"]), TimeProvider.System, LogSink.Silent);
        _connections = new ConnectionLog(_lines, TimeProvider.System);
        _exposition = new Exposition([
            new GatewayCollector(SampleStatus.Make), new LogCollector(LogSink.Silent, _lines, _connections), new AdminCollector(new AdminRefusals(TimeProvider.System)), new UpgradeCollector(new UpgradeTally { Done = 2, Failed = 1 }), new ProcessCollector(), new RuntimeCollector(),
        ]);
    }

    [TearDown]
    public void Close()
    {
        _lines.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void Satisfies_promtool() => Assert.That(Promtool.Check(_exposition.Write(null).Page.ToArray()), Is.Empty);

    [Test]
    public void Keeps_the_rules_of_OpenMetrics() => Assert.That(OpenMetricsRules.Broken(Page(AcceptOpenMetrics)), Is.Empty);

    [Test]
    public void Has_every_declared_family_in_the_order_of_the_table()
    {
        var written = Page(null).Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]);

        Assert.That(written, Is.EqualTo(MetricFamilies.All.Select(family => family.Name)));
    }

    [TestCase("lb_build_info{version=\"0.1.0\",commit=\"d5459bdd6e\",dotnet=\"")]
    [TestCase("lb_ready 1\n")]
    [TestCase("lb_admin_refused_total{reason=\"token_wrong\"} 0\n")]
    [TestCase("lb_upgrades_total{result=\"done\"} 2\n")]
    [TestCase("lb_config_info{version=\"3f2a9c01\"} 1\n")]
    [TestCase("lb_config_reloads_total{result=\"loaded\"} 2\n")]
    [TestCase("lb_config_reloads_total{result=\"refused\"} 1\n")]
    [TestCase("lb_config_last_reload_refused 1\n")]
    [TestCase("lb_config_last_reload_success_timestamp_seconds 1795262490.5\n")]
    [TestCase("lb_listener_connections_total{listener=\"web\"} 3\n")]
    [TestCase("lb_listener_active_connections{listener=\"web\"} 1\n")]
    [TestCase("lb_listener_max_connections{listener=\"db\"} 100\n")]
    [TestCase("lb_listener_rejected_total{listener=\"web\",reason=\"no_endpoint\"} 1\n")]
    [TestCase("lb_listener_rejected_total{listener=\"db\",reason=\"no_endpoint\"} 0\n")]
    [TestCase("lb_listener_faults_total{listener=\"web\",side=\"client\",reason=\"reset\"} 1\n")]
    [TestCase("lb_listener_bytes_total{listener=\"web\",direction=\"received\"} 100\n")]
    [TestCase("lb_listener_bytes_total{listener=\"web\",direction=\"sent\"} 2000\n")]
    [TestCase("lb_connection_duration_seconds_bucket{listener=\"web\",le=\"0.005\"} 1\n")]
    [TestCase("lb_connection_duration_seconds_bucket{listener=\"web\",le=\"1.0\"} 1\n")]
    [TestCase("lb_connection_duration_seconds_bucket{listener=\"web\",le=\"5.0\"} 2\n")]
    [TestCase("lb_connection_duration_seconds_bucket{listener=\"web\",le=\"+Inf\"} 2\n")]
    [TestCase("lb_connection_duration_seconds_sum{listener=\"web\"} 2.001\n")]
    [TestCase("lb_connection_duration_seconds_count{listener=\"web\"} 2\n")]
    [TestCase("lb_policy_refusals_total{listener=\"web\",route=\"users\",policy=\"require\",reason=\"role_missing\",shadow=\"true\"} 1\n")]
    [TestCase("lb_auth_total{auth=\"partners\",result=\"identified\"} 1\n")]
    [TestCase("lb_auth_total{auth=\"partners\",result=\"api_key_unknown\"} 1\n")]
    [TestCase("lb_upstream_circuit_state{upstream=\"db\",state=\"open\"} 1\n")]
    [TestCase("lb_upstream_circuit_state{upstream=\"db\",state=\"half_open\"} 0\n")]
    [TestCase("lb_endpoint_ejections_total{upstream=\"web\",endpoint=\"10.0.0.1:80\",cause=\"slower_than\"} 0\n")]
    [TestCase("lb_upstream_circuit_openings_total{upstream=\"db\"} 2\n")]
    [TestCase("lb_upstream_circuit_refused_total{upstream=\"db\"} 31\n")]
    [TestCase("lb_upstream_concurrency_limit{upstream=\"db\"} 40\n")]
    [TestCase("lb_upstream_concurrency{upstream=\"db\"} 38\n")]
    [TestCase("lb_upstream_base_latency_seconds{upstream=\"db\"} 0.02\n")]
    [TestCase("lb_upstream_shed_total{upstream=\"db\",importance=\"low\"} 200\n")]
    [TestCase("lb_http_requests_total{listener=\"web\",route=\"users\",status=\"2xx\"} 1\n")]
    [TestCase("lb_http_requests_total{listener=\"web\",route=\"users\",status=\"3xx\"} 0\n")]
    [TestCase("lb_http_requests_total{listener=\"web\",route=\"users\",status=\"5xx\"} 1\n")]
    [TestCase("lb_http_requests_total{listener=\"web\",route=\"\",status=\"4xx\"} 1\n")]
    [TestCase("lb_http_active_requests{listener=\"web\"} 1\n")]
    [TestCase("lb_http_faults_total{listener=\"web\",side=\"upstream\",reason=\"first_byte_timeout\"} 1\n")]
    [TestCase("lb_http_body_bytes_total{listener=\"web\",route=\"users\",direction=\"sent\"} 500\n")]
    [TestCase("lb_http_request_duration_seconds_bucket{listener=\"web\",route=\"users\",le=\"0.01\"} 1\n")]
    [TestCase("lb_http_request_duration_seconds_count{listener=\"web\",route=\"users\"} 2\n")]
    [TestCase("lb_upstream_requests_total{upstream=\"web\",status=\"2xx\"} 1\n")]
    [TestCase("lb_upstream_requests_total{upstream=\"web\",status=\"none\"} 1\n")]
    [TestCase("lb_upstream_first_byte_seconds_bucket{upstream=\"web\",le=\"0.005\"} 1\n")]
    [TestCase("lb_upstream_retries_total{upstream=\"web\",reason=\"status\"} 1\n")]
    [TestCase("lb_upstream_pool_connections{upstream=\"web\",state=\"in_use\"} 1\n")]
    [TestCase("lb_upstream_pool_connections{upstream=\"web\",state=\"idle\"} 1\n")]
    [TestCase("lb_upstream_pool_opened_total{upstream=\"web\"} 2\n")]
    [TestCase("lb_upstream_pool_reused_total{upstream=\"web\"} 0\n")]
    [TestCase("lb_upstream_endpoints{upstream=\"web\",state=\"available\"} 1\n")]
    [TestCase("lb_upstream_endpoints{upstream=\"web\",state=\"ejected\"} 1\n")]
    [TestCase("lb_upstream_endpoints{upstream=\"web\",state=\"unhealthy\"} 0\n")]
    [TestCase("lb_upstream_endpoints{upstream=\"db\",state=\"drained\"} 1\n")]
    [TestCase("lb_discovery_lookups_total{upstream=\"db\",outcome=\"failed\"} 3\n")]
    [TestCase("lb_discovery_endpoints{upstream=\"db\"} 0\n")]
    [TestCase("lb_discovery_last_success_timestamp_seconds{upstream=\"db\"} 0\n")]
    [TestCase("lb_upstream_connect_seconds_bucket{upstream=\"web\",le=\"0.0001\"} 0\n")]
    [TestCase("lb_upstream_connect_seconds_bucket{upstream=\"web\",le=\"0.00025\"} 1\n")]
    [TestCase("lb_upstream_connect_seconds_bucket{upstream=\"web\",le=\"2.5\"} 2\n")]
    [TestCase("lb_upstream_connect_seconds_sum{upstream=\"web\"} 1.20018\n")]
    [TestCase("lb_upstream_session_seconds_bucket{upstream=\"web\",le=\"1.0\"} 0\n")]
    [TestCase("lb_upstream_session_seconds_count{upstream=\"web\"} 1\n")]
    [TestCase("lb_endpoint_connect_seconds_count{upstream=\"db\",endpoint=\"unix:/run/\\\"odd\\\"\\\\.sock\"} 0\n")]
    [TestCase("lb_endpoint_available{upstream=\"web\",endpoint=\"10.0.0.1:80\"} 1\n")]
    [TestCase("lb_endpoint_available{upstream=\"web\",endpoint=\"10.0.0.2:80\"} 0\n")]
    [TestCase("lb_endpoint_active_connections{upstream=\"db\",endpoint=\"unix:/run/\\\"odd\\\"\\\\.sock\"} 1\n")]
    [TestCase("lb_endpoint_connections_total{upstream=\"web\",endpoint=\"10.0.0.1:80\"} 7\n")]
    [TestCase("lb_endpoint_faults_total{upstream=\"web\",endpoint=\"10.0.0.2:80\",reason=\"connect_refused\"} 5\n")]
    [TestCase("lb_loop_turns_total{loop=\"0\"} 1000\n")]
    [TestCase("lb_loop_stalls_total{loop=\"1\"} 1\n")]
    [TestCase("lb_loop_events_total{loop=\"1\"} 2500\n")]
    [TestCase("lb_loop_cpu_seconds_total{loop=\"1\"} 0.25\n")]
    [TestCase("lb_loop_longest_turn_seconds{loop=\"1\"} 0.12\n")]
    [TestCase("lb_loop_sockets{loop=\"1\"} 7\n")]
    [TestCase("lb_loop_retry_body_bytes{loop=\"1\"} 65536\n")]
    [TestCase("lb_loop_retry_bodies_unkept_total{loop=\"1\"} 3\n")]
    [TestCase("dotnet_gc_generation_bytes{generation=\"loh\"} ")]
    [TestCase("lb_access_log_dropped_lines_total 0\n")]
    [TestCase("dotnet_gc_collections_total{generation=\"2\"} ")]
    public void Has_the_values_of_the_moment(string line) => Assert.That(Page(null), Does.Contain($"\n{line}").Or.StartsWith(line));

    [Test]
    public void Has_no_series_of_requests_for_what_serves_none() =>
        Assert.That(Page(null), Does.Not.Contain("lb_http_active_requests{listener=\"db\"}").And.Not.Contain("lb_upstream_requests_total{upstream=\"db\""));

    [Test]
    public void Names_a_counters_family_without_its_suffix_in_OpenMetrics_alone()
    {
        Assert.That(Page(null), Does.Contain("# TYPE lb_listener_connections_total counter\n").And.Contain("# TYPE lb_build_info gauge\n"));
        Assert.That(Page(AcceptOpenMetrics), Does.Contain("# TYPE lb_listener_connections counter\nlb_listener_connections_total{").And.Contain("# TYPE lb_build info\nlb_build_info{"));
    }

    [Test]
    public void Has_no_timestamps() =>
        Assert.That(Page(null).Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line[(line.LastIndexOf('}') + 1)..].Trim().Split(' ').Last()),
            Has.All.Matches<string>(value => double.TryParse(value, System.Globalization.CultureInfo.InvariantCulture, out _) || value == "+Inf"));

    [TestCase(null, false)]
    [TestCase("", false)]
    [TestCase("*/*", false)]
    [TestCase("text/html,application/xhtml+xml,*/*;q=0.8", false)]
    [TestCase("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", false)]
    [TestCase("application/openmetrics-text", true)]
    [TestCase("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", true)]
    [TestCase("Application/OpenMetrics-Text; version=\"1.0.0\"; charset=utf-8", true)]
    [TestCase("application/openmetrics-text;version=2.0.0,text/plain;q=0.5", false)]
    [TestCase("application/openmetrics-text;q=0.2,text/plain;version=0.0.4;q=0.9", false)]
    [TestCase("application/openmetrics-text;q=0", false)]
    [TestCase("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=1.0.0;q=0.4", true)]
    [TestCase(";;;,=", false)]
    public void Is_OpenMetrics_for_a_reader_who_likes_that_best(string? accept, bool openMetrics) =>
        Assert.That(Exposition.Negotiate(accept), Is.EqualTo(openMetrics ? ExpositionFormat.OpenMetrics : ExpositionFormat.Text));

    private string Page(string? accept) => Encoding.UTF8.GetString(_exposition.Write(accept).Page.ToArray());
}

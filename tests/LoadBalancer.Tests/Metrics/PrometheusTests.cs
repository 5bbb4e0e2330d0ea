using System.Net;
using LoadBalancer.Daemon.Admin;
using LoadBalancer.Daemon.Metrics;
using LoadBalancer.Daemon.Tests.Admin;
using LoadBalancer.Daemon.Tests.Status;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Metrics;

internal sealed class PrometheusTests
{
    [Test]
    public async Task A_real_one_reads_the_page_as_OpenMetrics()
    {
        using var folder = new TemporaryFolder();
        using var transport = new AdminTransport("epoll");
        using var scrapes = new SemaphoreSlim(0);
        var page = new MetricsPage(new Exposition([new GatewayCollector(SampleStatus.Make), new ProcessCollector(), new RuntimeCollector()]));
        var contentTypes = new List<string>();
        var watched = new SamplePage("/metrics", accept =>
        {
            var answer = page.Read(accept);
            contentTypes.Add(answer.ContentType);
            scrapes.Release();
            return answer;
        });
        await using var server = new AdminServer([new IPEndPoint(IPAddress.Loopback, 0)], [watched], [], AdminGates.Open(), new AdminRefusals(TimeProvider.System), transport.Factory, LogSink.Silent);
        await server.StartAsync(default);
        using var prometheus = new Prometheus(folder["prometheus"], server.Addresses[0]);

        // The second scrape begins when the first one is stored.
        Assert.That(await scrapes.WaitAsync(TimeSpan.FromSeconds(60)) && await scrapes.WaitAsync(TimeSpan.FromSeconds(60)), Is.True, "Prometheus did not scrape twice");
        Assert.That(await prometheus.ScrapeErrorAsync(), Is.Empty);
        Assert.That(contentTypes, Has.All.StartsWith("application/openmetrics-text"));

        var faults = await prometheus.QueryAsync("lb_endpoint_faults_total{upstream=\"web\",endpoint=\"10.0.0.2:80\",reason=\"connect_refused\"}");
        Assert.That(faults.Single().GetProperty("value")[1].GetString(), Is.EqualTo("5"));
        var quantile = await prometheus.QueryAsync("histogram_quantile(0.5, lb_connection_duration_seconds_bucket{listener=\"web\"})");
        Assert.That(quantile.Single().GetProperty("value")[1].GetString(), Is.EqualTo("0.005"));
        var odd = await prometheus.QueryAsync("lb_endpoint_available{upstream=\"db\"}");
        Assert.That(odd.Single().GetProperty("metric").GetProperty("endpoint").GetString(), Is.EqualTo("unix:/run/\"odd\"\\.sock"));
    }
}

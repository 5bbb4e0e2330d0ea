using System.Text;
using System.Text.Json;
using LoadBalancer.Daemon.Admin;
using LoadBalancer.Daemon.Metrics;
using LoadBalancer.Daemon.Status;
using LoadBalancer.Daemon.Tests.Status;

namespace LoadBalancer.Daemon.Tests.Admin;

internal sealed class PagesTests
{
    [TestCase(true, 200, "ok\n")]
    [TestCase(false, 503, "an event loop stands still\n")]
    public void Health_follows_the_loops(bool alive, int status, string body) =>
        Assert.That(Read(new HealthPage(() => alive)), Is.EqualTo(("/healthz", status, body)));

    [Test]
    public void Readiness_says_every_reason_against_it()
    {
        var readiness = new Readiness();
        var page = new ReadinessPage(readiness);
        readiness.Hold(Readiness.Draining);
        Assert.That(Read(page), Is.EqualTo(("/readyz", 503, "not ready: draining, starting\n")));

        readiness.Release(Readiness.Draining);
        readiness.Release(Readiness.Starting);
        Assert.That(Read(page), Is.EqualTo(("/readyz", 200, "ready\n")));
    }

    [Test]
    public void Status_is_JSON_of_the_moment_it_is_read()
    {
        var status = SampleStatus.Make();
        var page = new StatusPage(() => status);
        Assert.That(Parse(page).GetProperty("ready").GetBoolean(), Is.True);

        status = status with { Ready = false };
        Assert.That(Parse(page).GetProperty("ready").GetBoolean(), Is.False);
        Assert.That(page.Read(null).ContentType, Is.EqualTo("application/json"));
    }

    [TestCase(null, "text/plain; version=0.0.4; charset=utf-8")]
    [TestCase("application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "application/openmetrics-text; version=1.0.0; charset=utf-8")]
    public void Metrics_come_in_the_format_that_is_asked_for(string? accept, string contentType)
    {
        var page = new MetricsPage(new Exposition([new GatewayCollector(() => SampleStatus.Make())]));

        Assert.That((page.Path, page.Read(accept).Status, page.Read(accept).ContentType), Is.EqualTo(("/metrics", 200, contentType)));
        Assert.That(Encoding.UTF8.GetString(page.Read(accept).Pages!.ToArray()), Does.Contain("lb_ready 1\n"));
    }

    private static (string Path, int Status, string Body) Read(IAdminPage page)
    {
        var answer = page.Read(null);
        return (page.Path, answer.Status, Encoding.UTF8.GetString(answer.Body));
    }

    private static JsonElement Parse(StatusPage page) => JsonDocument.Parse(page.Read(null).Body).RootElement;
}

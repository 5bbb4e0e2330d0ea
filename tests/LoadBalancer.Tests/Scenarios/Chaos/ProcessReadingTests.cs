using System.Globalization;
using System.Net;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Tls;

namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>That the chaos run would see what was left behind: the comparison of a process with itself, on the metrics of a real one.</summary>
internal sealed class ProcessReadingTests
{
    private readonly UpgradableLb _lb = new();
    private readonly CertificateFolder _certificates = new();
    private readonly EndPoint _web = Loopback.Refusing();
    private readonly EndPoint _tcp = Loopback.Refusing();
    private readonly EchoEndpoint _echo = new('a');
    private readonly HttpEndpoint _endpoint = new(static (wire, request) => wire.Respond(new string('x', request.FirstLine.Contains("/large", StringComparison.Ordinal) ? 1_000_000 : 1), "Cache-Control: max-age=600\r\n")) { Remembers = false };

    [OneTimeSetUp]
    public async Task Start()
    {
        _lb.Write($$"""
            listeners:
              web: {bind: "{{_web}}", http: {routes: [{path: "/*", upstream: web, cache: {} }] } }
              tls: {bind: "{{Loopback.Refusing()}}", tcp: {upstream: echo}, tls: {certificates: [{{_certificates.Write("own", "localhost")}}]} }
              tcp: {bind: "{{_tcp}}", tcp: {upstream: echo} }
            upstreams:
              web: {endpoints: ["{{_endpoint.Address}}"], concurrency: 100, timeouts: {pool_idle: 100ms} }
              echo: {endpoints: ["{{_echo.Address}}"] }
            cache: {memory: 128MiB}
            reload: {watch: false}
            """);
        await _lb.StartAsync();
    }

    [OneTimeTearDown]
    public void End()
    {
        _lb.Dispose();
        _certificates.Dispose();
        _echo.Dispose();
        _endpoint.Dispose();
    }

    [TestCase("lb_listener_active_connections{listener=\"web\"}", "lb_listener_active_connections{listener=\"web\"} 1")]
    [TestCase("lb_http_active_requests{listener=\"web\"}", "lb_http_active_requests{listener=\"web\"} 1")]
    [TestCase("lb_endpoint_active_connections{upstream=\"echo\"", "lb_endpoint_active_connections{upstream=\"echo\"")]
    [TestCase("lb_upstream_pool_connections{upstream=\"web\"", "lb_upstream_pool_connections{upstream=\"web\"")]
    [TestCase("lb_upstream_pending_connections{upstream=\"web\"}", "lb_upstream_pending_connections{upstream=\"web\"} 1")]
    [TestCase("lb_upstream_concurrency{upstream=\"web\"", "lb_upstream_concurrency{upstream=\"web\"")]
    [TestCase("lb_loop_retry_body_bytes{loop=\"0\"}", "lb_loop_retry_body_bytes{loop=\"0\"} 1")]
    [TestCase("lb_loop_sockets{loop=\"0\"}", "sockets of loops")]
    public async Task One_more_of_anything_is_seen(string series, string complaint)
    {
        string page;
        do
        {
            page = await PageAsync();
        }
        while (new ProcessReading(page).Unrest.Count > 0);

        var rest = new ProcessReading(page);
        Assert.That(rest.More(rest), Is.Empty, "a process that does nothing");
        Assert.That(new ProcessReading(Raise(page, series, 1)).More(rest), Has.Some.StartsWith(complaint));
    }

    [TestCase("process_open_fds ", 9, "descriptors")]
    [TestCase("process_threads ", 3, "threads")]
    [TestCase("dotnet_gc_generation_bytes{generation=\"2\"}", 40 * 1024 * 1024, "MiB of the managed heap")]
    [TestCase("process_resident_memory_bytes ", 50 * 1024 * 1024, "MiB in RAM")]
    public async Task What_may_vary_a_little_may_not_vary_more(string series, long more, string complaint)
    {
        var page = await PageAsync();
        Assert.That(new ProcessReading(Raise(page, series, more)).More(new ProcessReading(page)), Has.Some.StartsWith(complaint));
    }

    [Test]
    public async Task A_name_that_the_metrics_do_not_have_is_seen()
    {
        var page = await PageAsync();
        var renamed = new ProcessReading(page.Replace("lb_endpoint_active_connections", "lb_endpoint_open_connections", StringComparison.Ordinal));
        Assert.That(renamed.Unrest, Is.EqualTo((string[])["lb_endpoint_active_connections is missing"]));
    }

    /// <summary>What somebody has left behind for real: a client's connection, one to an endpoint, fifty megabytes.</summary>
    [Test]
    public async Task What_is_left_behind_is_seen_until_it_is_gone()
    {
        // As often as the chaos run, so that what the first connection needs is there.
        Open(_tcp).Dispose();
        Ask("/small").Dispose();
        Collect();
        var rest = await RestAsync();

        using (Open(_tcp))
        {
            var more = new ProcessReading(await PageAsync()).More(rest);
            Assert.That(more, Has.Some.StartsWith("lb_listener_active_connections{listener=\"tcp\"} 1"));
            Assert.That(more, Has.Some.StartsWith("lb_endpoint_active_connections{upstream=\"echo\""));
            Assert.That(more, Has.Some.StartsWith("sockets of loops"));
        }

        using (Ask("/small"))
        {
            Assert.That(new ProcessReading(await PageAsync()).More(rest), Has.Some.StartsWith("lb_listener_active_connections{listener=\"web\"} 1"));
        }

        for (var number = 0; number < 50; number++)
        {
            Ask(string.Create(CultureInfo.InvariantCulture, $"/large/{number}")).Dispose();
        }

        Collect();
        Assert.That(async () => new ProcessReading(await PageAsync()).More(rest), Has.Some.StartsWith("MiB of the managed heap").Or.Some.StartsWith("MiB in RAM").After(Loopback.TimeoutMs, 100));
        Assert.That((await _lb.PostAsync("/purge?all=true")).Status, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(
            async () =>
            {
                Collect();
                return new ProcessReading(await PageAsync()).More(rest).Where(complaint => !complaint.Contains("in RAM", StringComparison.Ordinal)).ToList();
            },
            Is.Empty.After(Loopback.TimeoutMs, 200));
    }

    private static string Raise(string page, string series, long by)
    {
        var lines = page.Split('\n');
        var at = Array.FindIndex(lines, line => line.StartsWith(series, StringComparison.Ordinal));
        Assert.That(at, Is.Not.Negative, series);
        var space = lines[at].LastIndexOf(' ');
        lines[at] = string.Create(CultureInfo.InvariantCulture, $"{lines[at][..space]} {double.Parse(lines[at][(space + 1)..], CultureInfo.InvariantCulture) + by}");
        return string.Join('\n', lines);
    }

    private static HttpWire Open(EndPoint address)
    {
        var socket = Loopback.Connect(address);
        socket.Send([7]);
        socket.ReceiveExactly(1);
        return new HttpWire(socket);
    }

    private HttpWire Ask(string path)
    {
        var wire = new HttpWire(Loopback.Connect(_web));
        Assert.That(wire.Get(path).ReadResponse().Status, Is.EqualTo(200));
        return wire;
    }

    private void Collect() => DiagnosticPort.CollectGarbage(_lb.ProcessId);

    private async Task<ProcessReading> RestAsync()
    {
        ProcessReading reading;
        do
        {
            reading = new ProcessReading(await PageAsync());
        }
        while (reading.Unrest.Count > 0);
        return reading;
    }

    private async Task<string> PageAsync()
    {
        using var admin = AdminClient.Over(_lb["admin.sock"]);
        return await admin.GetStringAsync(new Uri("/metrics", UriKind.Relative));
    }
}

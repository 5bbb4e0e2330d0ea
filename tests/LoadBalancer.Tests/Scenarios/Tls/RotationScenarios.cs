using System.Text.Json;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests.Tls;

namespace LoadBalancer.Daemon.Tests.Scenarios.Tls;

[TestFixture(TestEngines.LibSsl)]
[TestFixture(TestEngines.SslStream)]
internal sealed class RotationScenarios(string engine)
{
    private CertificateFolder _certificates = null!;
    private HttpEndpoint _endpoint = null!;

    [SetUp]
    public void MakeFolder() => (_certificates, _endpoint) = (new CertificateFolder(), new HttpEndpoint("hello"));

    [TearDown]
    public void RemoveFolder()
    {
        _endpoint.Dispose();
        _certificates.Dispose();
    }

    [Test]
    public async Task A_changed_certificate_is_shown_without_a_reload_and_sessions_that_run_go_on()
    {
        _certificates.Write("a", "old.example");
        await using var gateway = await Start();
        using var running = gateway.Connect();
        Assert.That((running.Shown, running.Get("/").Status), Is.EqualTo(("old.example", 200)));
        _certificates.Write("a", "new.example");
        await UntilShown(gateway, "new.example");
        Assert.That(running.Get("/").Body, Is.EqualTo("hello"));
        Assert.That((await gateway.Daemon.StatusAsync()).GetProperty("config").GetProperty("reloads").GetInt64(), Is.Zero, "it was no reload");
    }

    [Test]
    public async Task Files_that_change_one_after_the_other_are_put_to_use_when_they_belong_together()
    {
        _certificates.Write("a", "old.example");
        _certificates.Write("b", "new.example");
        await using var gateway = await Start();
        _certificates.Replace("a.pem", File.ReadAllText(_certificates["b.pem"]));
        await gateway.Daemon.UntilAsync(status => Refusal(status).Contains("does not belong to the certificate", StringComparison.Ordinal), "the refusal of half a pair");
        Assert.That(Shown(gateway), Is.EqualTo("old.example"));
        Assert.That((await gateway.Daemon.GetAsync("/metrics")).Text, Does.Contain("lb_tls_last_reload_refused{listener=\"web\"} 1\n").And.Contains("lb_tls_reloads_total{listener=\"web\",result=\"refused\"} 1\n"));
        _certificates.Replace("a.key", File.ReadAllText(_certificates["b.key"]));
        await UntilShown(gateway, "new.example");
        Assert.That((await gateway.Daemon.GetAsync("/metrics")).Text, Does.Contain("lb_tls_last_reload_refused{listener=\"web\"} 0\n"));
    }

    [Test]
    public async Task A_file_that_breaks_or_goes_away_leaves_what_was_there()
    {
        _certificates.Write("a", "old.example");
        await using var gateway = await Start();
        foreach (var breaking in new Action[] { () => _certificates.Replace("a.pem", "garbage"), () => File.Delete(_certificates["a.pem"]), () => _certificates.Replace("a.key", "") })
        {
            breaking();
            await gateway.Daemon.UntilAsync(status => Refusal(status).Length > 0, "a refusal");
            Assert.That(Shown(gateway), Is.EqualTo("old.example"));
            _certificates.Write("a", "old.example");
            await gateway.Daemon.UntilAsync(status => Refusal(status).Length == 0, "the end of the refusal");
        }
    }

    [Test]
    public async Task A_link_that_leads_to_another_folder_is_noticed_again_and_again()
    {
        foreach (var version in new[] { "v1", "v2", "v3" })
        {
            Directory.CreateDirectory(_certificates[version]);
            _certificates.Write("a", $"{version}.example");
            File.Move(_certificates["a.pem"], Path.Combine(_certificates[version], "a.pem"));
            File.Move(_certificates["a.key"], Path.Combine(_certificates[version], "a.key"));
        }

        Link("v1");
        await using var gateway = await Start("current/a");
        Assert.That(Shown(gateway), Is.EqualTo("v1.example"));
        foreach (var version in new[] { "v2", "v3", "v1" })
        {
            Link(version);
            await UntilShown(gateway, $"{version}.example");
        }
    }

    [Test]
    public async Task Rotations_under_load_cost_no_handshake()
    {
        var rotations = int.Parse(Environment.GetEnvironmentVariable("LB_TLS_ROTATIONS") ?? "100", System.Globalization.CultureInfo.InvariantCulture);
        _certificates.Write("a", "r0.example");
        await using var gateway = await Start();
        using var stop = new CancellationTokenSource();
        var made = 0;
        var clients = Enumerable.Range(0, 3).Select(_ => Task.Factory.StartNew(
            () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    using var client = gateway.Connect("r.example");
                    Assert.That(client.Get("/", "r.example").Body, Is.EqualTo("hello"));
                    Interlocked.Increment(ref made);
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToList();
        for (var rotation = 1; rotation <= rotations; rotation++)
        {
            _certificates.Write("a", $"r{rotation}.example");
            await UntilShown(gateway, $"r{rotation}.example");
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients);
        TestContext.Out.WriteLine($"{made} handshakes during {rotations} rotations");
        var tls = Tls(await gateway.Daemon.StatusAsync());
        Assert.That((tls.GetProperty("failed").GetInt64(), made > rotations), Is.EqualTo((0, true)));
    }

    private static JsonElement Tls(JsonElement status) => status.GetProperty("listeners").EnumerateArray().Single().GetProperty("tls");

    private static string Refusal(JsonElement status) => Tls(status).GetProperty("refusal").GetString() ?? "";

    private static string Shown(TlsGateway gateway)
    {
        using var client = gateway.Connect("");
        return client.Shown;
    }

    private static Task UntilShown(TlsGateway gateway, string name) =>
        gateway.Daemon.UntilAsync(status => Tls(status).GetProperty("certificates")[0].GetProperty("names")[0].GetString() == name, $"the certificate for {name}");

    private void Link(string version)
    {
        File.CreateSymbolicLink(_certificates["next"], version);
        Assert.That(Repository.Command.Run("mv", ["-T", _certificates["next"], _certificates["current"]]).ExitCode, Is.Zero);
    }

    private Task<TlsGateway> Start(string name = "a") =>
        TlsGateway.StartAsync(TlsGateway.Text("http: up", $"certificates: {_certificates.ItemOf(name)}", _endpoint.Address), watch: true, engine: engine);
}

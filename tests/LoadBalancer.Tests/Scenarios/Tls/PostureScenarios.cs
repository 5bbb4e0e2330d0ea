using System.Net;
using System.Text.Json;
using LoadBalancer.Daemon.Tests.Repository;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests.Tls;

namespace LoadBalancer.Daemon.Tests.Scenarios.Tls;

[TestFixture(TestEngines.LibSsl)]
internal sealed class PostureScenarios(string engine)
{
    [Test]
    public async Task Testssl_finds_nothing_above_low()
    {
        using var certificates = new CertificateFolder();
        using var endpoint = new HttpEndpoint("hello");
        await using var gateway = await TlsGateway.StartAsync(TlsGateway.Text(
            "http: up", $"certificates: [{certificates.Write("ecdsa", "localhost")}, {certificates.WriteRsa("rsa", "localhost")}]", endpoint.Address), engine: engine);
        var findings = certificates["findings.json"];

        // Versions, ciphers, their order and key exchange, and what a server's program may have wrong; not the certificate, which is a test's.
        var run = Command.Run("timeout",
        [
            "240", "testssl", "--quiet", "--color", "0", "--warnings", "batch", "--ip", "one", "--jsonfile", findings,
            "-p", "-s", "-f", "-P", "-H", "-I", "-T", "--robot", "-R", "-C", $"https://localhost:{((IPEndPoint)gateway.Address).Port}/",
        ]);
        Assert.That(File.Exists(findings), run.Output);
        using var document = JsonDocument.Parse(File.ReadAllText(findings));
        var all = document.RootElement.EnumerateArray().Select(each => (Id: each.GetProperty("id").GetString()!, Severity: each.GetProperty("severity").GetString()!, Finding: each.GetProperty("finding").GetString()!)).ToList();
        Assert.That(all.Select(each => each.Id), Is.SupersetOf(new[] { "SSLv3", "TLS1", "TLS1_2", "TLS1_3", "heartbleed", "ticketbleed", "ROBOT", "secure_client_renego", "cipher_order" }), run.Output);
        Assert.That(all.Where(each => each.Severity is not ("OK" or "INFO" or "LOW" or "WARN")), Is.Empty, run.Output);
    }
}

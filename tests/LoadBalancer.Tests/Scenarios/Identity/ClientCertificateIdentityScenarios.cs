using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Daemon.Tests.Scenarios.Tls;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Tls;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>Callers that are known by the certificates of their TLS handshakes.</summary>
[TestFixture("1.1")]
[TestFixture("2.0")]
[CancelAfter(60_000)]
internal sealed class ClientCertificateIdentityScenarios(string version)
{
    private const string Forward = "subject_cn: X-Device, san_dns: X-Names, fingerprint: X-Print, certificate: Client-Cert, certificate_pem: X-Pem, subject_o: X-Org";

    private CertificateFolder _certificates = null!;
    private HttpEndpoint _endpoint = null!;
    private TlsGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        (_certificates, _endpoint) = (new CertificateFolder(), new HttpEndpoint("ok"));
        _gateway = await TlsGateway.StartAsync($$"""
            listeners:
              web:
                bind: "127.0.0.1:0"
                tls: {certificates: {{_certificates.Write("localhost", "localhost")}}, client_certificates: {ca: {{_certificates.CaPath}}, mode: optional} }
                http:
                  routes:
                    - {path: /open, upstream: up}
                    - {path: /known, upstream: up, auth: devices}
                    - {path: /ours, upstream: up, auth: devices, require: {claims: {san_dns: client.example} } }
                    - {path: /name, upstream: up, auth: names}
            auth:
              devices: {client_certificate: {forward: { {{Forward}} } } }
              names: {client_certificate: {subject: san_dns, forward: {san_dns: X-Names} } }
            upstreams: {up: {endpoints: ["{{_endpoint.Address}}"]} }
            """);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _gateway.DisposeAsync();
        _endpoint.Dispose();
        _certificates.Dispose();
    }

    [Test]
    public async Task The_endpoint_learns_whose_certificate_it_is()
    {
        using var certificate = Issue("client.example", "other.example");
        using var client = Client(certificate);
        var asked = await AskAsync(client, "/known");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(asked.Status, Is.EqualTo(200));
            Assert.That((asked.Seen["X-Device"], asked.Seen["X-Names"]), Is.EqualTo(("endpoint", "client.example,other.example")));
            Assert.That(asked.Seen["X-Print"], Is.EqualTo(Convert.ToHexStringLower(SHA256.HashData(certificate.RawData))));
            Assert.That(asked.Seen["Client-Cert"], Is.EqualTo($":{Convert.ToBase64String(certificate.RawData)}:"), "RFC 9440");
            Assert.That(Uri.UnescapeDataString(asked.Seen["X-Pem"]!), Is.EqualTo(certificate.ExportCertificatePem()));
            Assert.That(asked.Seen.Values("X-Org"), Is.Empty, "a claim that is not there");
            Assert.That((await AskAsync(client, "/ours")).Status, Is.EqualTo(200));
        }
    }

    [Test]
    public async Task Without_a_certificate_it_is_401_and_a_route_that_does_not_ask_is_open()
    {
        using var client = Client(null);
        var asked = await AskAsync(client, "/known");
        Assert.That((asked.Status, asked.Challenge, asked.Body.Contains("credential_missing", StringComparison.Ordinal)), Is.EqualTo((401, "ClientCertificate", true)));
        var open = await AskAsync(client, "/open");
        Assert.That(open.Status, Is.EqualTo(200));
        Assert.That(open.Seen.Fields, Has.None.Contains("mallory"));
    }

    [Test]
    public async Task A_certificate_that_names_nobody_or_several_is_401()
    {
        using var several = Issue("a.example", "b.example");
        using var client = Client(several);
        var asked = await AskAsync(client, "/name");
        Assert.That((asked.Status, asked.Body.Contains("certificate_unmapped", StringComparison.Ordinal)), Is.EqualTo((401, true)));
        using var one = Issue("a.example");
        using var other = Client(one);
        Assert.That((await AskAsync(other, "/name")).Seen["X-Names"], Is.EqualTo("a.example"));
        Assert.That((await AskAsync(other, "/ours")).Status, Is.EqualTo(403));
    }

    [Test]
    public async Task The_log_has_the_cipher_and_whose_certificate_it_was_where_it_is_asked_to()
    {
        await using var gateway = await TlsGateway.StartAsync(
            TlsGateway.Text("http: up", $"certificates: {_certificates.Write("localhost", "localhost")}, client_certificates: {{ca: {_certificates.CaPath}, mode: optional}}", _endpoint.Address),
            access: $"{_certificates[$"access-{version}.json"]}, fields: [cipher, client_subject]");
        using var certificate = Issue("client.example");
        foreach (var shown in new[] { certificate, null })
        {
            using var client = Client(shown, gateway);
            await client.GetAsync(new Uri("/", UriKind.Relative));
            await client.GetAsync(new Uri("/", UriKind.Relative));
        }

        JsonElement[] lines = [];
        Assert.That(() => (lines = [.. File.ReadAllLines(_certificates[$"access-{version}.json"]).Select(line => JsonDocument.Parse(line).RootElement)]).Length, Is.EqualTo(4).After(Loopback.TimeoutMs, 20));
        Assert.That(lines.Select(line => line.GetProperty("client_subject").GetString()), Is.EquivalentTo(new[] { certificate.Subject, certificate.Subject, null, null }), "two loops may write their lines in either order");
        Assert.That(lines.Select(line => line.GetProperty("cipher").GetString()), Is.All.StartsWith("TLS_"), "by its IANA name");
    }

    private X509Certificate2 Issue(params string[] names)
    {
        using var certificate = _certificates.Authority.Issue(30, names);
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    private HttpClient Client(X509Certificate2? certificate, TlsGateway? gateway = null)
    {
        var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null;
        handler.SslOptions.ClientCertificates = certificate is null ? null : [certificate];
        return new HttpClient(handler)
        {
            BaseAddress = new Uri($"https://localhost:{((IPEndPoint)(gateway ?? _gateway).Address).Port}/"),
            DefaultRequestVersion = Version.Parse(version),
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    private async Task<(int Status, string Body, string? Challenge, HttpMessage Seen)> AskAsync(HttpClient client, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = client.DefaultRequestVersion, VersionPolicy = client.DefaultVersionPolicy };
        foreach (var name in new[] { "X-Device", "X-Names", "Client-Cert", "X_Device", "x-org", "X-Pem" })
        {
            request.Headers.TryAddWithoutValidation(name, "mallory");
        }

        using var response = await client.SendAsync(request);
        var seen = response.IsSuccessStatusCode ? _endpoint.Requests[^1] : new HttpMessage("", [], [], []);
        Assert.That(seen.Fields, Has.None.Contains("mallory"));
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers.WwwAuthenticate.FirstOrDefault()?.ToString(), seen);
    }
}

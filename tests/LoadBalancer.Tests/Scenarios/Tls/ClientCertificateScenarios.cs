using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using LoadBalancer.Daemon.Tests.Repository;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Health;
using LoadBalancer.Tests.Tls;

namespace LoadBalancer.Daemon.Tests.Scenarios.Tls;

[TestFixture(TestEngines.LibSsl)]
[TestFixture(TestEngines.SslStream)]
internal sealed class ClientCertificateScenarios(string engine)
{
    private CertificateFolder _certificates = null!;
    private HttpEndpoint _endpoint = null!;
    private int _port;

    [SetUp]
    public void MakeFolder() => (_certificates, _endpoint) = (new CertificateFolder(), new HttpEndpoint("hello"));

    [TearDown]
    public void RemoveFolder()
    {
        _endpoint.Dispose();
        _certificates.Dispose();
    }

    [TestCase("required", "good", "200", SslProtocols.Tls13)]
    [TestCase("required", "good", "200", SslProtocols.Tls12)]
    [TestCase("required", "none", "client_certificate_missing", SslProtocols.Tls13)]
    [TestCase("required", "none", "client_certificate_missing", SslProtocols.Tls12)]
    [TestCase("required", "stranger", "client_certificate_invalid", SslProtocols.Tls13)]
    [TestCase("required", "expired", "client_certificate_invalid", SslProtocols.Tls12)]
    [TestCase("optional", "good", "200", SslProtocols.Tls13)]
    [TestCase("optional", "none", "200", SslProtocols.Tls13)]
    [TestCase("optional", "stranger", "client_certificate_invalid", SslProtocols.Tls13)]
    [TestCase("off", "none", "200", SslProtocols.Tls13)]
    [TestCase("off", "stranger", "200", SslProtocols.Tls13)]
    public async Task A_client_is_let_in_by_its_certificate(string mode, string shown, string outcome, SslProtocols version)
    {
        await using var gateway = await Start($", client_certificates: {{ca: {_certificates.CaPath}, mode: {mode}}}");
        using var strangers = new TestAuthority("Somebody Else");
        using var certificate = shown switch
        {
            "good" => _certificates.Client(),
            "stranger" => _certificates.Client(strangers),
            "expired" => Expired(),
            _ => null,
        };
        var status = 0;
        try
        {
            using var client = TlsClient.Connect(gateway.Address, certificate: certificate, version: version);
            status = client.Get("/").Status;
        }
        catch (Exception error) when (error is AuthenticationException or IOException)
        {
            Assert.That(outcome, Is.Not.EqualTo("200"), error.ToString());
        }

        if (outcome == "200")
        {
            Assert.That(status, Is.EqualTo(200));
        }
        else
        {
            Assert.That(status, Is.Zero);
            await gateway.Daemon.UntilAsync(now => Listener(now, "web").GetProperty("rejected").GetProperty(outcome).GetInt64() == 1, outcome);
        }
    }

    [TestCase("-tls1_2", "TLSv1.2")]
    [TestCase("-tls1_3", "TLSv1.3")]
    public async Task T47_a_ticket_of_a_listener_that_asks_for_nothing_opens_none_that_asks(string version, string name)
    {
        await using var gateway = await TlsGateway.StartAsync(OpenAndClosed(), engine: engine);
        var keys = _certificates["session.pem"];
        var (open, closed) = (await gateway.Daemon.AddressOfAsync("open"), gateway.Address);
        Assert.That(Connect(open, $"{version} -sess_out {keys}").Output, Does.Contain($"New, {name}"));
        Assert.That(Connect(open, $"{version} -sess_in {keys}").Output, Does.Contain($"Reused, {name}"), "where it was given it is taken");
        Assert.That(Connect(closed, $"{version} -sess_in {keys}").Output, Does.Not.Contain("Reused").And.Not.Contain("hello"));
        Assert.That(Listener(await gateway.Daemon.StatusAsync(), "web").GetProperty("rejected").GetProperty("client_certificate_missing").GetInt64(), Is.EqualTo(1));
    }

    [Test]
    public async Task T47_a_ticket_from_before_a_certificate_was_asked_for_is_not_taken_after()
    {
        var keys = _certificates.WriteTicketKeys("keys", 1);
        string Text(string clients) => TlsGateway.Text("http: up", $"certificates: {_certificates.ItemOf("a")}, ticket_keys: {keys}{clients}", _endpoint.Address)
            .Replace("127.0.0.1:0", "127.0.0.1:" + _port, StringComparison.Ordinal);
        _certificates.Write("a", "localhost");
        _port = ((IPEndPoint)Loopback.Refusing()).Port;
        await using var gateway = await TlsGateway.StartAsync(Text(""), engine: engine);
        var session = _certificates["session.pem"];
        Assert.That(Connect(gateway.Address, $"-tls1_3 -sess_out {session}").Output, Does.Contain("hello"));
        await gateway.Daemon.ReloadAsync(Text($", client_certificates: {{ca: {_certificates.CaPath}}}"));
        Assert.That(Connect(gateway.Address, $"-tls1_3 -sess_in {session}").Output, Does.Not.Contain("Reused").And.Not.Contain("hello"));
    }

    /// <summary>Who is connected when a reload asks for certificates was let in without: one request more at most, which may have been on its way.</summary>
    [Test]
    public async Task T47_a_connection_from_before_a_certificate_was_asked_for_ends_and_other_changes_of_tls_end_none()
    {
        _certificates.Write("a", "localhost");
        string Text(string more) => TlsGateway.Text("http: up", $"certificates: {_certificates.ItemOf("a")}{more}", _endpoint.Address);
        await using var gateway = await TlsGateway.StartAsync(Text(""));
        using var client = gateway.Connect();
        Assert.That(client.Get("/").Status, Is.EqualTo(200));
        await gateway.Daemon.ReloadAsync(Text(", max_handshakes: 10"));
        Assert.That((client.Get("/").Status, client.Get("/").Status), Is.EqualTo((200, 200)));

        await gateway.Daemon.ReloadAsync(Text($", max_handshakes: 10, client_certificates: {{ca: {_certificates.CaPath}}}"));
        var served = 0;
        Assert.That(
            () =>
            {
                for (; served < 10; served++)
                {
                    client.Get("/");
                }
            },
            Throws.InstanceOf<IOException>());
        Assert.That(served, Is.LessThanOrEqualTo(1));
    }

    [TestCase("a.example", "a.example", 200)]
    [TestCase("a.example", "A.Example:8443", 200)]
    [TestCase("a.example", "b.example", 421)]
    [TestCase("a.example", "nobody.example", 421)]
    [TestCase("", "a.example", 200, Description = "the first certificate's")]
    [TestCase("", "b.example", 421)]
    public async Task T1_where_certificates_are_asked_for_another_host_than_the_handshakes_is_misdirected(string name, string host, int status)
    {
        await using var gateway = await TlsGateway.StartAsync(TlsGateway.Text(
            "http: up",
            $"certificates: [{_certificates.Write("a", "a.example")}, {_certificates.Write("b", "b.example")}], client_certificates: {{ca: {_certificates.CaPath}, mode: optional}}",
            _endpoint.Address), engine: engine);
        using var client = gateway.Connect(name);
        Assert.That(client.Get("/", host).Status, Is.EqualTo(status));
    }

    [TestCase("a.example", "a.example", 200)]
    [TestCase("a.example", "c.example", 200, Description = "the same certificate")]
    [TestCase("a.example", "nobody.example", 200, Description = "no certificate is for it: routes decide")]
    [TestCase("nobody.example", "a.example", 200, Description = "the first certificate was shown")]
    [TestCase("a.example", "b.example", 421)]
    [TestCase("", "b.example", 421)]
    public async Task T1_elsewhere_a_host_of_another_certificate_is(string name, string host, int status)
    {
        await using var gateway = await TlsGateway.StartAsync(TlsGateway.Text(
            "http: up", $"certificates: [{_certificates.Write("a", "a.example", "c.example")}, {_certificates.Write("b", "b.example")}]", _endpoint.Address), engine: engine);
        using var client = gateway.Connect(name);
        var (got, body) = client.Get("/", host);
        Assert.That(got, Is.EqualTo(status));
        Assert.That(body, status == 421 ? Does.Contain("\"code\":\"misdirected\"") : Is.EqualTo("hello"));
    }

    private static JsonElement Listener(JsonElement status, string name) => status.GetProperty("listeners").EnumerateArray().Single(each => each.GetProperty("name").GetString() == name);

    private static Command Connect(EndPoint address, string arguments) => Command.Run(
        "bash", ["-c", $"printf 'GET / HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' | timeout 20 openssl s_client -connect {address} -servername localhost -ign_eof {arguments}"]);

    private X509Certificate2 Expired()
    {
        using var certificate = _certificates.Authority.Issue(-1, "client");
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    private string OpenAndClosed()
    {
        var (certificate, keys) = (_certificates.Write("a", "localhost"), _certificates.WriteTicketKeys("keys", 1));
        return $$"""
            listeners:
              open: {bind: "127.0.0.1:0", http: up, tls: {certificates: {{certificate}}, ticket_keys: {{keys}} } }
              web: {bind: "127.0.0.1:0", http: up, tls: {certificates: {{certificate}}, ticket_keys: {{keys}}, client_certificates: {ca: {{_certificates.CaPath}} } } }
            upstreams: {up: {endpoints: ["{{_endpoint.Address}}"]} }
            """;
    }

    private Task<TlsGateway> Start(string tls) =>
        TlsGateway.StartAsync(TlsGateway.Text("http: up", $"certificates: {_certificates.Write("localhost", "localhost")}{tls}", _endpoint.Address), engine: engine);
}

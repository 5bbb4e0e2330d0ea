using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using LoadBalancer.Daemon.Tests.Repository;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Tls;

namespace LoadBalancer.Daemon.Tests.Scenarios.Tls;

[TestFixture(TestEngines.LibSsl)]
[TestFixture(TestEngines.SslStream)]
internal sealed class TerminationScenarios(string engine)
{
    private CertificateFolder _certificates = null!;

    [SetUp]
    public void MakeFolder() => _certificates = new CertificateFolder();

    [TearDown]
    public void RemoveFolder() => _certificates.Dispose();

    [Test]
    public async Task Curl_with_the_authority_gets_through_and_the_endpoint_learns_that_it_was_https()
    {
        using var endpoint = new HttpEndpoint((wire, request) => wire.Respond(string.Join(' ', request.Fields.Where(field => field.Contains("orwarded", StringComparison.Ordinal)))));
        await using var gateway = await Start("http: up", endpoint.Address);
        var port = ((IPEndPoint)gateway.Address).Port;
        var curl = Command.Run("curl", ["-sS", "--max-time", "20", "--cacert", _certificates.CaPath, "--resolve", $"localhost:{port}:127.0.0.1", $"https://localhost:{port}/"]);
        Assert.That(curl.Output, Does.Contain("X-Forwarded-Proto: https").And.Contains($"X-Forwarded-Port: {port}"));
        Assert.That(curl.ExitCode, Is.Zero);
    }

    [TestCase("-tls1_2", "TLSv1.2")]
    [TestCase("-tls1_3", "TLSv1.3")]
    public async Task Openssl_verifies_the_chain_and_speaks(string version, string name)
    {
        using var endpoint = new HttpEndpoint("hello");
        await using var gateway = await Start("http: up", endpoint.Address);
        var client = Command.Run("bash",
        [
            "-c",
            $"printf 'GET / HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' | timeout 20 openssl s_client -connect {gateway.Address} -servername localhost -verify_return_error -CAfile {_certificates.CaPath} -verify_hostname localhost -ign_eof {version}",
        ]);
        Assert.That(client.Output, Does.Contain("Verify return code: 0 (ok)").And.Contains($"New, {name}").And.Contains("hello"));
    }

    [TestCase("-tls1_1")]
    [TestCase("-tls1")]
    public async Task T1_what_is_older_than_tls_1_2_is_refused(string version)
    {
        using var endpoint = new HttpEndpoint("hello");
        await using var gateway = await Start("http: up", endpoint.Address);
        var client = Command.Run("bash", ["-c", $"timeout 20 openssl s_client -connect {gateway.Address} -cipher ALL:@SECLEVEL=0 {version} </dev/null"]);
        Assert.That(client.Output, Does.Contain("alert protocol version"));
    }

    [Test]
    public async Task The_oldest_version_may_be_raised()
    {
        using var endpoint = new HttpEndpoint("hello");
        await using var gateway = await Start("http: up", endpoint.Address, ", min_version: \"1.3\"");
        Assert.Throws<AuthenticationException>(() => TlsClient.Connect(gateway.Address, version: SslProtocols.Tls12));
        using var client = TlsClient.Connect(gateway.Address, version: SslProtocols.Tls13);
        Assert.That(client.Get("/").Body, Is.EqualTo("hello"));
    }

    [Test]
    public async Task The_name_decides_which_certificate_is_shown_and_no_name_gets_the_first()
    {
        using var endpoint = new HttpEndpoint("hello");
        await using var gateway = await TlsGateway.StartAsync(TlsGateway.Text(
            "http: up", $"certificates: [{_certificates.Write("a", "a.example")}, {_certificates.WriteRsa("b", "b.example", "*.b.example")}]", endpoint.Address), engine: engine);
        foreach (var (name, shown) in new[] { ("a.example", "a.example"), ("b.example", "b.example"), ("w.b.example", "b.example"), ("other.example", "a.example"), ("", "a.example") })
        {
            using var client = gateway.Connect(name);
            Assert.That(client.Shown, Is.EqualTo(shown), name);
        }
    }

    [Test]
    public async Task Alpn_agrees_on_what_the_listener_speaks_and_on_nothing_else()
    {
        using var endpoint = new HttpEndpoint("hello");
        await using var gateway = await Start("http: up", endpoint.Address);
        using var client = TlsClient.Connect(gateway.Address, protocols: ["unknown", "http/1.1"]);
        Assert.That(client.Stream.NegotiatedApplicationProtocol.ToString(), Is.EqualTo("http/1.1"));
        var openssl = Command.Run("bash", ["-c", $"timeout 20 openssl s_client -connect {gateway.Address} -alpn unknown </dev/null"]);
        Assert.That(openssl.Output, Does.Contain("no application protocol"));
    }

    [Test]
    public async Task Who_speaks_http_in_clear_is_told_so()
    {
        using var endpoint = new HttpEndpoint("hello");
        await using var gateway = await Start("http: up", endpoint.Address);
        using var client = new HttpWire(Loopback.Connect(gateway.Address));
        var response = client.Get("/").ReadResponse();
        Assert.That((response.Status, response.Text), Is.EqualTo((400, "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\"code\":\"tls_handshake_failed\",\"detail\":\"this port speaks HTTPS only\"}\n")));
        Assert.That(client.HasEnded(), Is.True);
    }

    [Test]
    public async Task A_tcp_listener_relays_what_was_inside_and_keeps_half_closes()
    {
        using var endpoint = new EchoEndpoint('e');
        await using var gateway = await Start("tcp: up", endpoint.Address);
        using var client = gateway.Connect();
        var sent = Loopback.Pattern(1_000_000);
        var writing = Task.Run(async () =>
        {
            await client.Stream.WriteAsync(sent);
            await client.Stream.ShutdownAsync();
        });
        using var received = new MemoryStream();
        await client.Stream.CopyToAsync(received).WaitAsync(TimeSpan.FromSeconds(30));
        await writing;
        Assert.That(received.ToArray().AsSpan(1).SequenceEqual(sent), "the echo, after the endpoint's name");
    }

    [Test]
    public async Task A_unix_socket_speaks_tls_too()
    {
        using var endpoint = new HttpEndpoint("hello");
        var path = _certificates["web.sock"];
        await using var daemon = await DaemonHarness.StartAsync(TlsGateway.Text("http: up", $"certificates: {_certificates.Write("a", "localhost")}", endpoint.Address)
            .Replace("127.0.0.1:0", $"unix:{path}", StringComparison.Ordinal));
        using var client = TlsClient.Connect(new UnixDomainSocketEndPoint(path));
        Assert.That(client.Get("/").Body, Is.EqualTo("hello"));
    }

    [Test]
    public async Task The_address_behind_a_proxy_header_is_the_client_of_a_tls_connection()
    {
        using var endpoint = TlsGateway.Telling("X-Forwarded-For");
        await using var gateway = await Start("http: up, accept_proxy_protocol: [127.0.0.1]", endpoint.Address);
        using var socket = Loopback.Connect(gateway.Address);
        socket.Send("PROXY TCP4 203.0.113.7 192.0.2.1 50000 443\r\n"u8);
        using var stream = new System.Net.Security.SslStream(new NetworkStream(socket), false, static (_, certificate, _, _) => certificate is not null);
        await stream.AuthenticateAsClientAsync("localhost");
        await stream.WriteAsync("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n"u8.ToArray());
        using var reader = new StreamReader(stream);
        Assert.That(await reader.ReadToEndAsync(), Does.Contain("X-Forwarded-For: 203.0.113.7"));
    }

    [Test]
    public async Task The_redirect_leads_only_to_names_of_certificates()
    {
        using var endpoint = new HttpEndpoint("hello");
        await using var gateway = await TlsGateway.StartAsync($$"""
            listeners:
              clear: {bind: "127.0.0.1:0", http: {redirect_to_https: true} }
              web: {bind: "127.0.0.1:0", http: up, tls: {certificates: {{_certificates.Write("a", "a.example", "*.b.example")}} } }
            upstreams: {up: {endpoints: ["{{endpoint.Address}}"]} }
            """, engine: engine);
        var (clear, secure) = ((IPEndPoint)await gateway.Daemon.AddressOfAsync("clear"), (IPEndPoint)gateway.Address);
        Assert.Multiple(() =>
        {
            Assert.That(Location("a.example"), Is.EqualTo("https://a.example/x?y"));
            Assert.That(Location($"a.example:{clear.Port}"), Is.EqualTo($"https://a.example:{secure.Port}/x?y"));
            Assert.That(Location("w.b.example"), Is.EqualTo("https://w.b.example/x?y"));
            Assert.That(Location("v.w.b.example"), Is.EqualTo("404"), "a wildcard covers one label");
            Assert.That(Location("evil.example"), Is.EqualTo("404"));
        });

        string Location(string host)
        {
            using var client = new HttpWire(Loopback.Connect(clear));
            var response = client.Get("/x?y", host: host).ReadResponse();
            return response.Status == 308 ? response.Fields.Single(field => field.StartsWith("Location: ", StringComparison.Ordinal))["Location: ".Length..] : $"{response.Status}";
        }
    }

    [Test]
    public async Task Each_line_of_the_log_and_the_status_tell_of_it()
    {
        using var endpoint = new HttpEndpoint("hello");
        await using var gateway = await TlsGateway.StartAsync(
            TlsGateway.Text("http: up", $"certificates: {_certificates.Write("a", "localhost")}", endpoint.Address), access: _certificates["access.json"], engine: engine);
        using (var client = gateway.Connect())
        {
            Assert.That(client.Get("/").Status, Is.EqualTo(200));
        }

        using (var clear = new HttpWire(Loopback.Connect(gateway.Address)))
        {
            clear.Get("/").ReadResponse();
        }

        await gateway.Daemon.UntilAsync(status => Tls(status).GetProperty("failed").GetInt64() == 1, "a handshake that failed");
        var lines = new List<JsonElement>();
        Assert.That(() => (lines = [.. File.ReadAllLines(_certificates["access.json"]).Select(line => JsonDocument.Parse(line).RootElement)]).Count, Is.EqualTo(2).After(Loopback.TimeoutMs, 20));
        var request = lines.Single(line => line.TryGetProperty("status", out _));
        var refused = lines.Single(line => !line.TryGetProperty("status", out _));
        Assert.Multiple(() =>
        {
            Assert.That((request.GetProperty("tls").GetString(), request.GetProperty("server_name").GetString()), Is.EqualTo(("TLSv1.3", "localhost")));
            Assert.That((refused.GetProperty("result").GetString(), refused.GetProperty("detail").GetString()), Is.EqualTo(("tls_handshake_failed", "the client speaks HTTP without TLS")));
        });
        var tls = Tls(await gateway.Daemon.StatusAsync());
        var certificate = tls.GetProperty("certificates")[0];
        Assert.That((tls.GetProperty("handshakes").GetInt64(), certificate.GetProperty("days_left").GetInt32(), certificate.GetProperty("key").GetString()), Is.EqualTo((1, 29, "ecdsa")));
        var metrics = (await gateway.Daemon.GetAsync("/metrics")).Text;
        Assert.That(metrics, Does.Contain("lb_tls_handshakes_total{listener=\"web\",version=\"TLSv1.3\",result=\"full\"} 1\n")
            .And.Contains("lb_tls_handshakes_total{listener=\"web\",version=\"\",result=\"failed\"} 1\n")
            .And.Contains("lb_tls_handshake_duration_seconds_count{listener=\"web\"} 1\n")
            .And.Contains("lb_tls_certificate_not_after_seconds{listener=\"web\",name=\"localhost\",key=\"ecdsa\"} ")
            .And.Contains("lb_listener_rejected_total{listener=\"web\",reason=\"tls_handshake_failed\"} 1\n"));
    }

    private static JsonElement Tls(JsonElement status) => status.GetProperty("listeners").EnumerateArray().Single().GetProperty("tls");

    private Task<TlsGateway> Start(string layer, EndPoint endpoint, string tls = "") =>
        TlsGateway.StartAsync(TlsGateway.Text(layer, $"certificates: {_certificates.Write("localhost", "localhost")}{tls}", endpoint), engine: engine);
}

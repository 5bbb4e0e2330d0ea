using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Health;

namespace LoadBalancer.Daemon.Tests.Scenarios.UpstreamTls;

/// <summary>lb as the client of endpoints that speak TLS, for requests, connections and probes.</summary>
internal sealed class UpstreamTlsScenarios
{
    private readonly TestAuthority _authority = new();
    private readonly TestAuthority _stranger = new("Stranger");
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Begin()
    {
        _folder = new TemporaryFolder();
        File.WriteAllText(_folder["ca.pem"], _authority.Pem + "\n");
    }

    [TearDown]
    public void End() => _folder.Dispose();

    [OneTimeTearDown]
    public void EndAll()
    {
        _authority.Dispose();
        _stranger.Dispose();
    }

    [Test]
    public async Task Requests_go_to_a_verified_endpoint_on_connections_that_are_used_again()
    {
        using var endpoint = new HttpEndpoint((wire, request) => wire.Respond(request.Text + "!"));
        await using var front = new TlsFront(_authority.Issue(30, "orders.internal"), endpoint.Address);
        await using var gateway = await Http(Upstream(front, "server_name: orders.internal"));
        using var client = gateway.Connect();
        for (var at = 0; at < 20; at++)
        {
            Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("!"));
        }

        var body = new string('x', 300_000);
        Assert.That(client.Send($"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {body.Length}\r\n\r\n{body}").ReadResponse().Text, Has.Length.EqualTo(300_001));
        Assert.That((front.Handshakes, front.Said), Is.EqualTo((1, "orders.internal http/1.1 ")));
    }

    [TestCase("http2")]
    [TestCase("grpc")]
    [TestCase("auto")]
    public async Task HTTP2_is_agreed_on_in_the_handshake_and_one_connection_serves_all_who_wait(string protocol)
    {
        using var endpoint = new Http2Endpoint((wire, stream, fields) => wire.Respond(stream, fields[1]));
        await using var front = new TlsFront(_authority.Issue(30, "orders.internal"), endpoint.Address) { Speaks = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11] };
        await using var gateway = await OnOneLoop(Upstream(front, "server_name: orders.internal", $"protocol: {protocol}"));
        var clients = Enumerable.Range(0, 10).Select(_ => gateway.Connect()).ToList();
        clients.ForEach(client => client.Get("/"));
        Assert.That(clients.Select(client => client.ReadResponse().Text).ToList(), Is.All.EqualTo(":scheme: https"));
        clients.ForEach(client => client.Dispose());
        Assert.That((front.Handshakes, front.Said), Is.EqualTo((1, "orders.internal h2 ")));
    }

    [Test]
    public async Task A_reload_that_verifies_reaches_the_next_request_whatever_is_open([Values("http1", "http2")] string protocol)
    {
        using var http1 = new HttpEndpoint("here");
        using var http2 = new Http2Endpoint((wire, stream, _) => wire.Respond(stream, "here"));
        await using var front = new TlsFront(_authority.Issue(30, "orders.internal"), protocol == "http1" ? http1.Address : http2.Address)
        {
            Speaks = [protocol == "http1" ? SslApplicationProtocol.Http11 : SslApplicationProtocol.Http2],
        };
        var more = $"protocol: {protocol}, timeouts: {{pool_idle: 1h}}";
        var (before, after) = (Upstream(front, "insecure: true", more, ca: false), Upstream(front, "server_name: orders.internal", more));
        await using var gateway = await OnOneLoop(before);
        using var client = gateway.Connect();
        List<int> handshakes = [];
        foreach (var next in new[] { before, after, before })
        {
            await gateway.Daemon.ReloadAsync(TextOf(next));
            for (var request = 0; request < 2; request++)
            {
                Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("here"));
                handshakes.Add(front.Handshakes);
            }
        }

        Assert.That(handshakes, Is.EqualTo(new[] { 1, 1, 2, 2, 3, 3 }));
    }

    [Test]
    public async Task With_auto_an_endpoint_that_chooses_HTTP1_is_spoken_to_in_HTTP1()
    {
        using var endpoint = new HttpEndpoint("one");
        await using var front = new TlsFront(_authority.Issue(30, "orders.internal"), endpoint.Address);
        await using var gateway = await Http(Upstream(front, "server_name: orders.internal", "protocol: auto"));
        for (var round = 0; round < 3; round++)
        {
            var clients = Enumerable.Range(0, 5).Select(_ => gateway.Connect()).ToList();
            clients.ForEach(client => client.Get("/"));
            Assert.That(clients.Select(client => client.ReadResponse().Text).ToList(), Is.All.EqualTo("one"));
            clients.ForEach(client => client.Dispose());
        }

        Assert.That(front.Said, Is.EqualTo("orders.internal http/1.1 "));
    }

    [Test]
    public async Task With_auto_a_WebSocket_goes_by_HTTP1()
    {
        using var endpoint = new HttpEndpoint((wire, request) => wire.Respond($"{request["Upgrade"]}"));
        await using var front = new TlsFront(_authority.Issue(30, "orders.internal"), endpoint.Address) { Speaks = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11] };
        await using var gateway = await Http(Upstream(front, "server_name: orders.internal", "protocol: auto"));
        var response = gateway.Get("/", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
        Assert.That((response.Text, front.Said), Is.EqualTo(("websocket", "orders.internal http/1.1 ")));
    }

    [Test]
    public async Task An_endpoint_that_does_not_speak_what_is_asked_for_is_a_502()
    {
        using var endpoint = new HttpEndpoint("never");
        await using var front = new TlsFront(_authority.Issue(30, "orders.internal"), endpoint.Address);
        await using var gateway = await Http(Upstream(front, "server_name: orders.internal", "protocol: http2"));
        Assert.That(gateway.Get("/").Text, Does.Contain("\"code\":\"tls_failed\""));
    }

    [TestCase("expired")]
    [TestCase("other name")]
    [TestCase("stranger")]
    public async Task An_endpoint_whose_certificate_is_not_good_is_a_502_and_insecure_says_otherwise(string flaw)
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var front = new TlsFront(Flawed(flaw), endpoint.Address);
        await using (var gateway = await Http(Upstream(front, "server_name: orders.internal")))
        {
            var refused = gateway.Get("/");
            Assert.That((refused.FirstLine, refused.Text), Is.EqualTo(("HTTP/1.1 502 Bad Gateway", refused.Text)));
            Assert.That(refused.Text, Does.Contain("\"code\":\"tls_verify_failed\""));
            Assert.That(endpoint.Requests, Is.Empty);
            Assert.That(Faults(await gateway.StatusAsync(), "tls_verify_failed"), Is.EqualTo(1));
        }

        await using var insecure = await Http(Upstream(front, "server_name: orders.internal, insecure: true", ca: false));
        Assert.That(insecure.Get("/").Text, Is.EqualTo("ok"));
    }

    [Test]
    public async Task Without_an_authority_of_its_own_the_machine_does_not_vouch_for_a_strange_one()
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var front = new TlsFront(_authority.Issue(30, "orders.internal"), endpoint.Address);
        await using var gateway = await Http(Upstream(front, "server_name: orders.internal", ca: false));
        Assert.That(gateway.Get("/").Text, Does.Contain("tls_verify_failed"));
    }

    [Test]
    public async Task An_endpoint_without_TLS_is_a_502_and_the_next_one_is_tried()
    {
        using var plain = new EchoEndpoint('p');
        using var endpoint = new HttpEndpoint("ok");
        await using var front = new TlsFront(_authority.Issue(30, "orders.internal"), endpoint.Address);
        await using var gateway = await Http(
            $"up: {{endpoints: [\"{plain.Address}\", \"{front.Address}\"], tls: {{ca: {_folder["ca.pem"]}, server_name: orders.internal}}, health: {{passive: off}}}}");
        for (var at = 0; at < 4; at++)
        {
            Assert.That(gateway.Get("/").Text, Is.EqualTo("ok"));
        }

        await using var alone = await Http($"up: {{endpoints: [\"{plain.Address}\"], tls: {{ca: {_folder["ca.pem"]}, server_name: orders.internal}}}}");
        Assert.That(alone.Get("/").Text, Does.Contain("\"code\":\"tls_failed\"").And.Contain("502"));
    }

    [Test]
    public async Task An_endpoint_that_never_shakes_hands_is_left_when_the_time_of_the_connect_is_over()
    {
        using var silent = Loopback.Listen();
        await using var gateway = await Http(
            $"up: {{endpoints: [\"{silent.LocalEndPoint}\"], tls: {{ca: {_folder["ca.pem"]}, server_name: orders.internal}}, timeouts: {{connect: 100ms}}}}");
        Assert.That(gateway.Get("/").Text, Does.Contain("\"code\":\"tls_failed\""));
    }

    [Test]
    public async Task Our_certificate_is_shown_to_an_endpoint_that_asks()
    {
        using var own = _authority.Issue(30, "lb.internal");
        File.WriteAllText(_folder["own.pem"], own.ExportCertificatePem());
        File.WriteAllText(_folder["own.key"], own.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        using var endpoint = new HttpEndpoint("ok");
        await using var front = new TlsFront(_authority.Issue(30, "orders.internal"), endpoint.Address) { Asks = true };
        await using (var gateway = await Http(Upstream(front, $"server_name: orders.internal, cert: {_folder["own.pem"]}, key: {_folder["own.key"]}", "health: {active: {type: http, interval: 100ms}}")))
        {
            Assert.That(gateway.Get("/").Text, Is.EqualTo("ok"));
            Assert.That(front.Said, Does.EndWith("CN=endpoint"));
            await gateway.Daemon.UntilAsync(status => Answer(status) == "status 200", "the probe shows it too");
        }

        await using var without = await Http(Upstream(front, "server_name: orders.internal"));
        Assert.That(without.Get("/").FirstLine, Does.Contain("502"));
    }

    [Test]
    public async Task A_name_of_the_host_header_is_the_name_of_the_certificate()
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var front = new TlsFront(_authority.Issue(30, "shop.internal"), endpoint.Address);
        await using var gateway = await Http(Upstream(front, "", "host: \"shop.internal:8443\""));
        Assert.That(gateway.Get("/").Text, Is.EqualTo("ok"));
        Assert.That(front.Said, Is.EqualTo("shop.internal http/1.1 "));
        Assert.That(endpoint.Requests[0].Fields, Does.Contain("Host: shop.internal:8443"));
    }

    [TestCase(false, ExpectedResult = "whole")]
    [TestCase(true, ExpectedResult = "broken")]
    public async Task<string> A_response_that_ends_with_its_connection_is_whole_only_where_TLS_says_so(bool cutsOff)
    {
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            wire.Send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nsome of it");
            throw new OperationCanceledException();
        });
        await using var front = new TlsFront(_authority.Issue(30, "orders.internal"), endpoint.Address) { CutsOff = cutsOff };
        await using var gateway = await Http(Upstream(front, "server_name: orders.internal"));
        using var client = gateway.Connect();
        try
        {
            return client.Get("/").ReadResponse().Text == "some of it" ? "whole" : "another";
        }
        catch (Exception error) when (error is EndOfStreamException or SocketException)
        {
            return "broken";
        }
    }

    [Test]
    public async Task Connections_are_relayed_inside_TLS_with_both_half_closes([Values(10, 20_000, 3_000_000)] int size)
    {
        using var endpoint = new EchoEndpoint('e');
        await using var front = new TlsFront(_authority.Issue(30, "orders.internal"), endpoint.Address);
        await using var daemon = await Tcp(Upstream(front, "server_name: orders.internal"));
        using var client = Loopback.Connect(await daemon.AddressOfAsync("web"));
        var sent = Loopback.Pattern(size);
        var sending = Task.Run(() =>
        {
            client.Send(sent);
            client.Shutdown(SocketShutdown.Send);
        });
        var received = client.ReceiveToEnd();
        await sending;
        Assert.That(received[0], Is.EqualTo((byte)'e'));
        Assert.That(received.AsSpan(1).SequenceEqual(sent));
        Assert.That(front.Said, Is.EqualTo("orders.internal  "));
    }

    [Test]
    public async Task A_PROXY_header_goes_before_TLS()
    {
        using var endpoint = new TlsEndpoint("one", isProxied: true);
        await using var daemon = await Tcp($"up: {{endpoints: [\"{endpoint.Address}\"], tls: {{insecure: true}}, send_proxy_protocol: v2}}");
        using var client = Loopback.Connect(await daemon.AddressOfAsync("web"));
        var expected = $"one {client.LocalEndPoint}\n";
        Assert.That(System.Text.Encoding.ASCII.GetString(client.ReceiveExactly(expected.Length)), Is.EqualTo(expected));
    }

    [TestCase("", "available", "tls: certificate accepted")]
    [TestCase("type: tcp", "available", "tls: certificate accepted")]
    [TestCase("type: tls", "available", "tls: certificate accepted")]
    [TestCase("type: http", "available", "status 200")]
    [TestCase("type: http, tls: off", "unhealthy", "connected, then closed without a whole answer")]
    [TestCase("type: tls, tls: {server_name: other.internal, ca: CA}", "unhealthy", "tls: the certificate is for orders.internal, not for other.internal")]
    public async Task Probes_speak_TLS_as_the_traffic_does_unless_they_say_otherwise(string probe, string state, string answer)
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var front = new TlsFront(_authority.Issue(30, "orders.internal"), endpoint.Address);
        var keys = probe.Replace("CA", _folder["ca.pem"], StringComparison.Ordinal);
        await using var gateway = await Http(Upstream(front, "server_name: orders.internal", $"health: {{active: {{{keys}{(keys.Length > 0 ? ", " : "")}interval: 100ms}}}}"));
        await gateway.Daemon.UntilAsync(status => Answer(status) is not null && Endpoint(status).GetProperty("state").GetString() == state, $"{state}");
        Assert.That(Answer(await gateway.StatusAsync()), Is.EqualTo(answer));
    }

    [Test]
    public async Task A_probe_finds_the_expired_certificate_before_the_clients_do()
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var front = new TlsFront(Flawed("expired"), endpoint.Address);
        await using var gateway = await Http(Upstream(front, "server_name: orders.internal", "health: {active: {interval: 100ms}}"));
        await gateway.Daemon.UntilAsync(status => Endpoint(status).GetProperty("state").GetString() == "unhealthy", "unhealthy");
        Assert.That(Endpoint(await gateway.StatusAsync()).GetProperty("verdicts")[0].GetProperty("reason").GetString(), Does.StartWith("tls: certificate of orders.internal expired on "));
    }

    [Test]
    public async Task Insecure_is_said_with_each_load()
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var front = new TlsFront(_authority.Issue(30, "orders.internal"), endpoint.Address);
        File.WriteAllText(_folder["lb.yaml"], HttpGateway.Text("{upstream: up}", $"{{{Upstream(front, "insecure: true", ca: false)}}}"));
        var loaded = LoadBalancer.Daemon.Configuration.GatewayFile.Load(_folder["lb.yaml"], _ => null);
        Assert.That(loaded.Warnings.Single().ToString(), Does.Contain("'insecure: true': the certificates of the upstream 'up' are not verified"));
    }

    private static Task<HttpGateway> Http(string upstream) => HttpGateway.StartAsync("{upstream: up}", $"{{{upstream}}}");

    private static Task<HttpGateway> OnOneLoop(string upstream) =>
        HttpGateway.OnAsync(DaemonHarness.StartAsync(TextOf(upstream)));

    private static string TextOf(string upstream) => HttpGateway.Text("{upstream: up}", $"{{{upstream}}}") + "transport: {loops: 1}\n";

    private static Task<DaemonHarness> Tcp(string upstream) =>
        DaemonHarness.StartAsync($"listeners: {{web: {{bind: \"127.0.0.1:0\", tcp: {{upstream: up}}}}}}\nupstreams: {{{upstream}}}\n");

    private static JsonElement Endpoint(JsonElement status) => status.GetProperty("upstreams")[0].GetProperty("endpoints")[0];

    private static string? Answer(JsonElement status) =>
        Endpoint(status).GetProperty("probe") is { ValueKind: JsonValueKind.Object } probe ? probe.GetProperty("answer").GetString() : null;

    private static int Faults(JsonElement status, string reason) => Endpoint(status).GetProperty("faults").GetProperty(reason).GetInt32();

    private string Upstream(TlsFront front, string tls, string more = "", bool ca = true)
    {
        var keys = string.Join(", ", new[] { ca ? $"ca: {_folder["ca.pem"]}" : "", tls }.Where(key => key.Length > 0));
        return $"up: {{endpoints: [\"{front.Address}\"], tls: {{{keys}}}{(more.Length > 0 ? ", " : "")}{more}}}";
    }

    private X509Certificate2 Flawed(string flaw) => flaw switch
    {
        "expired" => _authority.Issue(-1, "orders.internal"),
        "other name" => _authority.Issue(30, "users.internal"),
        _ => _stranger.Issue(30, "orders.internal"),
    };
}

using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using LoadBalancer.Daemon.Tests.Repository;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Discovery.Dns;
using LoadBalancer.Tests.Tls;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>samples/mixed-platforms/lb.yaml as it stands, with its addresses and paths replaced, and a certificate by an authority that the client trusts.</summary>
internal sealed class MixedPlatformsSampleScenarios
{
    private const string Host = "school.example.com";

    private CertificateFolder _folder = null!;
    private FakeNameServer _dns = null!;
    private HttpEndpoint _reading = null!;
    private HttpEndpoint _one = null!;
    private HttpEndpoint _two = null!;
    private HttpEndpoint _payment = null!;
    private HttpGateway _gateway = null!;
    private ManualResetEventSlim _next = null!;

    [SetUp]
    public async Task Start()
    {
        (_folder, _dns, _next) = (new CertificateFolder(), new FakeNameServer(), new ManualResetEventSlim());
        (_reading, _one, _two, _payment) = (new HttpEndpoint(Read), new HttpEndpoint("one"), new HttpEndpoint("two"), new HttpEndpoint("paid"));
        _dns.Serve("payment.internal", ttl: 60, "127.0.0.1");
        _folder.Write("gateway", Host);
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.ImportFromPemFile(_folder.CaPath);
        _gateway = await HttpGateway.OfFileAsync("public", WorkTree.Read("samples/mixed-platforms/lb.yaml")
            .Replace("\":443\"", "\"127.0.0.1:0\"", StringComparison.Ordinal)
            .Replace("/etc/lb/gateway.pem", _folder["gateway.pem"], StringComparison.Ordinal)
            .Replace("/etc/lb/gateway.key", _folder["gateway.key"], StringComparison.Ordinal)
            .Replace("log: {", "log: {level: error, ", StringComparison.Ordinal)
            .Replace("\":80\"", "\"127.0.0.1:0\"", StringComparison.Ordinal)
            .Replace("10.0.6.10:3000", _reading.Address.ToString(), StringComparison.Ordinal)
            .Replace("10.0.6.20:5000", _one.Address.ToString(), StringComparison.Ordinal)
            .Replace("10.0.6.21:5000", _two.Address.ToString(), StringComparison.Ordinal)
            .Replace("\"payment.internal:8080\"", $"\"payment.internal:{((System.Net.IPEndPoint)_payment.Address).Port}\", resolver: \"{_dns.Address}\"", StringComparison.Ordinal)
            .Replace("/var/log/lb/access.json", _folder["access.json"], StringComparison.Ordinal), new SslClientAuthenticationOptions { TargetHost = Host, CertificateChainPolicy = trust });
    }

    [TearDown]
    public async Task End()
    {
        _next.Set();
        await _gateway.DisposeAsync();
        _reading.Dispose();
        _one.Dispose();
        _two.Dispose();
        _payment.Dispose();
        _dns.Dispose();
        _next.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task In_clear_there_is_nothing_but_the_way_to_https()
    {
        using var client = new HttpWire(Loopback.Connect(await _gateway.Daemon.AddressOfAsync("clear")));
        var response = client.Get("/student-api/v1?x=1", host: Host).ReadResponse();
        Assert.That((response.Status, response["Location"]), Is.EqualTo((308, $"https://{Host}/student-api/v1?x=1")));
        Assert.That(client.Get("/", host: "evil.example").ReadResponse().Status, Is.EqualTo(404));
    }

    [Test]
    public void The_services_learn_that_the_client_spoke_https()
    {
        _gateway.Get("/student-api/", host: Host);
        Assert.That(Asked(_one).Concat(Asked(_two)).Single()["X-Forwarded-Proto"], Is.EqualTo("https"));
    }

    [Test]
    public void A_websocket_is_open_for_both_sides_to_speak()
    {
        using var client = _gateway.Connect();
        var agreed = client.Get("/live-reading/room/1", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", Host).ReadResponse();
        Assert.That((agreed.Status, agreed["Upgrade"], agreed["Sec-WebSocket-Accept"]), Is.EqualTo((101, "websocket", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
        Assert.That(Encoding.ASCII.GetString(client.ReadBytes(7)), Is.EqualTo("welcome"), "the endpoint speaks first");
        for (var at = 0; at < 3; at++)
        {
            client.Send("page 12");
            Assert.That(Encoding.ASCII.GetString(client.ReadBytes(7)), Is.EqualTo("page 12"));
        }

        Assert.That(_reading.Requests.Single().FirstLine, Is.EqualTo("GET /room/1 HTTP/1.1"));
        client.Socket.Shutdown(SocketShutdown.Send);
        Assert.That(Encoding.ASCII.GetString(client.ReadBytes(7)), Is.EqualTo("goodbye"), "what the endpoint says last comes through");
        Assert.That(client.HasEnded(), Is.True);
    }

    [Test]
    public void An_event_comes_when_it_happens()
    {
        using var client = _gateway.Connect();
        Assert.That(client.Get("/live-reading/events", "Accept: text/event-stream\r\n", Host).ReadHead()["Content-Type"], Is.EqualTo("text/event-stream"));
        for (var at = 0; at < 3; at++)
        {
            // The next one is written only when this one is here.
            _next.Set();
            Assert.That(Encoding.ASCII.GetString(client.ReadBytes(19)), Is.EqualTo($"e\r\ndata: page {at}\n\n\r\n"));
        }
    }

    [Test]
    public void Both_replicas_are_asked_in_turn_with_the_path_as_it_came()
    {
        using var client = _gateway.Connect();
        var names = Enumerable.Range(0, 10).Select(at => client.Get($"/student-api/v1/students?page={at}", host: Host).ReadResponse().Text).ToList();
        Assert.That(names.GroupBy(name => name).Select(group => (group.Key, group.Count())), Is.EquivalentTo(new[] { ("one", 5), ("two", 5) }));
        Assert.That(Asked(_one).Concat(Asked(_two)).Select(request => request.FirstLine.Split('?')[0]), Is.All.EqualTo("GET /student-api/v1/students"));
    }

    [Test]
    public async Task A_replica_that_dies_costs_no_request()
    {
        _one.Dispose();
        Assert.That(Enumerable.Range(0, 20).Select(_ => _gateway.Get("/student-api/", host: Host).Text), Is.All.EqualTo("two"));
        await _gateway.Daemon.UntilAsync(status => BalancingScenarios.Endpoint(status, _one.Address).GetProperty("state").GetString() != "available", "it is found to be down");
    }

    [Test]
    public async Task Payments_are_found_by_their_name_and_nobody_keeps_their_answers()
    {
        await PaymentIsFoundAsync();
        var response = _gateway.Get("/payment/new", "X-Debug: 1\r\n", Host);
        var request = _payment.Requests.Single();
        Assert.Multiple(() =>
        {
            Assert.That((response.Text, response["Cache-Control"]), Is.EqualTo(("paid", "no-store")));
            Assert.That((request.FirstLine, request["Host"], request["X-Forwarded-Host"]), Is.EqualTo(("GET /payment/new HTTP/1.1", "payment.internal", Host)));
            Assert.That(request["X-Debug"], Is.Null);
        });
    }

    [Test]
    public async Task A_payment_is_small()
    {
        await PaymentIsFoundAsync();
        using var client = _gateway.Connect();
        Assert.That(client.Send($"POST /payment/new HTTP/1.1\r\nHost: {Host}\r\nContent-Length: {64 * 1024}\r\n\r\n{new string('x', 64 * 1024)}").ReadResponse().Text, Is.EqualTo("paid"));
        Assert.That(client.Send($"POST /payment/new HTTP/1.1\r\nHost: {Host}\r\nContent-Length: {(64 * 1024) + 1}\r\n\r\n").ReadResponse().Status, Is.EqualTo(413));
    }

    [Test]
    public async Task Without_an_endpoint_the_client_gets_the_text_of_the_file()
    {
        await PaymentIsFoundAsync();
        Assert.That(await _gateway.Daemon.PostAsync("/drain?upstream=payment"), Is.EqualTo(System.Net.HttpStatusCode.OK));
        var response = _gateway.Get("/payment/new", host: Host);
        Assert.That((response.Status, response["Content-Type"], response["Cache-Control"]), Is.EqualTo((503, "application/json", "no-store")));
        var said = JsonDocument.Parse(response.Body).RootElement;
        Assert.That(said.GetProperty("error").GetString(), Is.EqualTo("payments are closed for the moment"));
        Assert.That(said.GetProperty("request_id").GetString(), Does.Match("^[0-9a-f]{32}$"));
    }

    [Test]
    public async Task Each_request_leaves_a_line_that_says_where_it_went_and_how_it_ended()
    {
        await PaymentIsFoundAsync();

        // The first probe of a replica decides about it at once: it is to have found both well, and the next is two seconds away.
        await _gateway.Daemon.UntilAsync(
            status => EndpointsOf(status, "student-api").EnumerateArray().All(endpoint => endpoint.TryGetProperty("probe", out var probe) && probe.ValueKind == JsonValueKind.Object),
            "the replicas were probed");
        _one.Dispose();
        for (var at = 0; at < 2; at++)
        {
            _gateway.Get($"/student-api/students/{at}?token=secret", "User-Agent: browser\r\n", Host);
        }

        using (var client = _gateway.Connect())
        {
            client.Send($"POST /payment/new HTTP/1.1\r\nHost: {Host}\r\nContent-Length: 3\r\n\r\n100").ReadResponse();
        }

        _gateway.Get("/library/", host: Host);
        var lines = await LinesAsync(4);
        var (students, payment, unknown) = (Of("student-api"), Of("payment").Single(), Of(null).Single());
        Assert.Multiple(() =>
        {
            Assert.That(students.Select(line => Text(line, "endpoint")), Is.All.EqualTo(_two.Address.ToString()));
            Assert.That(students.Select(line => line.GetProperty("attempts").GetInt32()), Has.Some.EqualTo(2), "one of the two met the replica that is down");
            Assert.That((Text(students[0], "method"), Text(students[0], "path"), Text(students[0], "host"), Text(students[0], "client")), Is.EqualTo(("GET", "/student-api/*", Host, "127.0.0.1")));
            Assert.That((Text(students[0], "user_agent"), Text(students[0], "result"), Text(students[0], "side")), Is.EqualTo(("browser", "ok", (string?)null)));
            Assert.That(Asked(_two).Select(request => request["X-Request-Id"]), Is.EqualTo(students.Select(line => Text(line, "request_id"))), "the id that the service was told");
            Assert.That((Status(payment), payment.GetProperty("received_bytes").GetInt64(), payment.GetProperty("sent_bytes").GetInt64()), Is.EqualTo((200, 3, 4)));
            Assert.That((Text(payment, "upstream"), payment.GetProperty("total_ms").GetDouble() >= payment.GetProperty("first_byte_ms").GetDouble()), Is.EqualTo(("payment", true)));
            Assert.That((Status(unknown), Text(unknown, "result"), Text(unknown, "side"), Text(unknown, "upstream")), Is.EqualTo((404, "no_route", "client", (string?)null)));
            Assert.That(lines.Select(line => line.GetRawText()), Has.None.Contain("secret").And.None.Contain("students/"), "what clients write into a path is not in the log");
        });

        List<JsonElement> Of(string? route) => [.. lines.Where(line => Text(line, "route") == route)];
    }

    private static string? Text(JsonElement line, string key) => line.GetProperty(key).GetString();

    private static int Status(JsonElement line) => line.GetProperty("status").GetInt32();

    private async Task<List<JsonElement>> LinesAsync(int count)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var lines = File.Exists(_folder["access.json"]) ? await File.ReadAllLinesAsync(_folder["access.json"]) : [];
            if (lines.Length >= count && lines[^1].EndsWith('}'))
            {
                Assert.That(lines, Has.Length.EqualTo(count));
                return [.. lines.Select(line => JsonDocument.Parse(line).RootElement)];
            }

            Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(30)), "the lines are written");
        }
    }

    private static List<HttpMessage> Asked(HttpEndpoint endpoint) => [.. endpoint.Requests.Where(request => request.FirstLine.Split(' ')[1] != "/health")];

    private Task PaymentIsFoundAsync() => _gateway.Daemon.UntilAsync(status => EndpointsOf(status, "payment").GetArrayLength() == 1, "payment.internal is looked up");

    private static JsonElement EndpointsOf(JsonElement status, string upstream) =>
        status.GetProperty("upstreams").EnumerateArray().Single(one => one.GetProperty("name").GetString() == upstream).GetProperty("endpoints");

    /// <summary>The reading room: events one by one, and a WebSocket that repeats what it hears.</summary>
    private void Read(HttpWire wire, HttpMessage request)
    {
        if (request["Upgrade"] is not null)
        {
            wire.Send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nwelcome");
            try
            {
                while (true)
                {
                    wire.Send(wire.ReadBytes(7));
                }
            }
            catch (EndOfStreamException)
            {
                wire.Send("goodbye");
                throw;
            }
        }

        wire.Send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (var at = 0; at < 3; at++)
        {
            _next.Wait();
            _next.Reset();
            wire.Send($"e\r\ndata: page {at}\n\n\r\n");
        }

        wire.Send("0\r\n\r\n");
    }
}

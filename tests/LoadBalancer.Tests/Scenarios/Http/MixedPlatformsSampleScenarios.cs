using System.Text;
using System.Text.Json;
using LoadBalancer.Daemon.Tests.Repository;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Discovery.Dns;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>samples/mixed-platforms/lb.yaml as it stands, with its addresses and the log's path replaced.</summary>
internal sealed class MixedPlatformsSampleScenarios
{
    private const string Host = "school.example.com";

    private TemporaryFolder _folder = null!;
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
        (_folder, _dns, _next) = (new TemporaryFolder(), new FakeNameServer(), new ManualResetEventSlim());
        (_reading, _one, _two, _payment) = (new HttpEndpoint(Read), new HttpEndpoint("one"), new HttpEndpoint("two"), new HttpEndpoint("paid"));
        _dns.Serve("payment.internal", ttl: 60, "127.0.0.1");
        _gateway = await HttpGateway.OfFileAsync("public", WorkTree.Read("samples/mixed-platforms/lb.yaml")
            .Replace("\":80\"", "\"127.0.0.1:0\"", StringComparison.Ordinal)
            .Replace("10.0.6.10:3000", _reading.Address.ToString(), StringComparison.Ordinal)
            .Replace("10.0.6.20:5000", _one.Address.ToString(), StringComparison.Ordinal)
            .Replace("10.0.6.21:5000", _two.Address.ToString(), StringComparison.Ordinal)
            .Replace("\"payment.internal:8080\"", $"\"payment.internal:{((System.Net.IPEndPoint)_payment.Address).Port}\", resolver: \"{_dns.Address}\"", StringComparison.Ordinal)
            .Replace("/var/log/lb/access.json", _folder["access.json"], StringComparison.Ordinal));
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
            Assert.That(Encoding.ASCII.GetString(client.ReadBytes(20)), Is.EqualTo($"f\r\ndata: page {at}\n\n\r\n"));
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

    private static List<HttpMessage> Asked(HttpEndpoint endpoint) => [.. endpoint.Requests.Where(request => request.FirstLine.Split(' ')[1] != "/health")];

    private Task PaymentIsFoundAsync() => _gateway.Daemon.UntilAsync(
        status => status.GetProperty("upstreams").EnumerateArray().Single(upstream => upstream.GetProperty("name").GetString() == "payment").GetProperty("endpoints").GetArrayLength() == 1,
        "payment.internal is looked up");

    /// <summary>The reading room: events one by one, and a WebSocket that repeats what it hears.</summary>
    private void Read(HttpWire wire, HttpMessage request)
    {
        if (request["Upgrade"] is not null)
        {
            wire.Send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nwelcome");
            while (true)
            {
                wire.Send(wire.ReadBytes(7));
            }
        }

        wire.Send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (var at = 0; at < 3; at++)
        {
            _next.Wait();
            _next.Reset();
            wire.Send($"f\r\ndata: page {at}\n\n\r\n");
        }

        wire.Send("0\r\n\r\n");
    }
}

using System.Text.Json;
using LoadBalancer.Tests;
using static LoadBalancer.Daemon.Tests.Scenarios.Http.HttpGateway;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What the access log and /metrics say of requests.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class AccessLogScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    private const string Routes = "{routes: [{name: users, path: \"/users/{id}\", upstream: up}, {name: missing, path: /missing, upstream: dead}]}";

    private TemporaryFolder _folder = null!;

    private string Path => _folder["access.json"];

    [SetUp]
    public void Open() => _folder = new TemporaryFolder();

    [TearDown]
    public void Close() => _folder.Dispose();

    [Test]
    public async Task Each_request_has_a_line_with_the_routes_path_and_never_what_may_be_secret()
    {
        using var endpoint = new HttpEndpoint("hello");
        await using var gateway = await StartAsync(endpoint);
        gateway.Get("/users/7?token=secret", "User-Agent: test/1\r\nReferer: http://a/secret\r\nAuthorization: Bearer secret\r\nX-Request-Id: 7\r\n", "API.example.com:80");
        gateway.Get("/secret.php");
        gateway.Get("/missing");
        using (var client = gateway.Connect())
        {
            client.Send("GET /users/1 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").ReadResponse();
        }

        var lines = await LinesAsync(4);
        Assert.Multiple(() =>
        {
            var line = lines[0];
            Assert.That(new[] { "listener", "route", "client", "method", "host", "path", "version", "upstream", "endpoint", "user_agent", "result" }.Select(key => line.GetProperty(key).GetString()),
                Is.EqualTo(new[] { "web", "users", "127.0.0.1", "GET", "api.example.com", "/users/{id}", carrier == Carrier.Http1 ? "HTTP/1.1" : "HTTP/2.0", "up", $"{endpoint.Address}", "test/1", "ok" }));
            Assert.That(new[] { "status", "attempts", "received_bytes", "sent_bytes" }.Select(key => line.GetProperty(key).GetInt32()), Is.EqualTo(new[] { 200, 1, 0, 5 }));
            Assert.That(line.GetProperty("request_id").GetString(), Has.Length.EqualTo(32), "an untrusted client's id is not taken");
            Assert.That(new[] { "queue_ms", "connect_ms", "first_byte_ms" }.Sum(key => line.GetProperty(key).GetDouble()), Is.Positive.And.AtMost(line.GetProperty("total_ms").GetDouble() + 0.01));
            Assert.That(lines.Select(each => (each.GetProperty("status").GetInt32(), each.GetProperty("result").GetString(), each.GetProperty("side").GetString(), each.GetProperty("path").GetString())).Skip(1), Is.EqualTo(new[]
            {
                (404, "no_route", "client", null),
                (502, "connect_refused", "upstream", "/missing"),
                (400, "host_invalid", "client", (string?)null),
            }));
            Assert.That(File.ReadAllText(Path), Does.Not.Contain("secret"));
        });
    }

    [Test]
    public async Task Times_count_from_the_first_byte_of_a_head()
    {
        using var endpoint = new HttpEndpoint("hello");
        await using var gateway = await StartAsync(endpoint);

        // A head of HTTP/2 comes as a frame: only one of HTTP/1.1 can come slowly.
        using var client = new HttpWire(Loopback.Connect(gateway.Address));
        client.Get("/users/1").ReadResponse();
        client.Send("GET /users/2 HTTP/1.1\r\n");

        // Until it was read: nobody else is on the loop.
        Assert.That(gateway.Get("/users/3").Status, Is.EqualTo(200));
        Assert.That(client.Socket.Poll(300_000, System.Net.Sockets.SelectMode.SelectRead), Is.False);
        client.Send("Host: test\r\n\r\n").ReadResponse();
        var line = (await LinesAsync(3))[2];
        Assert.That(new[] { "queue_ms", "total_ms" }.Select(key => line.GetProperty(key).GetDouble()), Is.All.AtLeast(290));
        Assert.That(await MetricsAsync(gateway), Does.Match("lb_http_request_duration_seconds_sum\\{listener=\"web\",route=\"users\"} (0\\.[3-9]|[1-9])"));
    }

    [Test]
    public async Task A_client_that_does_not_stay_is_499_and_no_fault_of_the_endpoint()
    {
        using var asked = new SemaphoreSlim(0);
        using var release = new SemaphoreSlim(0);
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            asked.Release();
            release.Wait();
            throw new OperationCanceledException();
        });
        await using var gateway = await StartAsync(endpoint);
        using (gateway.Connect().Get("/users/7"))
        {
            await asked.WaitAsync();
        }

        var line = (await LinesAsync(1)).Single();
        release.Release();
        Assert.That((line.GetProperty("status").GetInt32(), line.GetProperty("result").GetString(), line.GetProperty("side").GetString()), Is.EqualTo((499, "client_closed", "client")));
        Assert.That(await MetricsAsync(gateway), Does.Contain("lb_http_requests_total{listener=\"web\",route=\"users\",status=\"4xx\"} 1\n")
            .And.Contain("lb_upstream_requests_total{upstream=\"up\",status=\"none\"} 1\n"));
    }

    [Test]
    public async Task A_reload_changes_its_form_and_its_fields()
    {
        using var endpoint = new HttpEndpoint("hello");
        await using var gateway = await StartAsync(endpoint);
        using var client = gateway.Connect();
        client.Get("/users/7").ReadResponse();
        await LinesAsync(1);
        var text = File.ReadAllText(gateway.Daemon.ConfigPath).Replace("log: {", "log: {format: combined, fields: [raw_path, query], ", StringComparison.Ordinal);
        File.WriteAllText(gateway.Daemon.ConfigPath, text);
        gateway.Daemon.Orders.OrderReload();
        await gateway.Daemon.ReloadedAsync();
        client.Get("/users/7?a=b", "User-Agent: \"x\"\r\n").ReadResponse();

        Assert.That((await RawLinesAsync(2))[1], Does.Match(@"^127\.0\.0\.1 - - \[.+ \+0000\] ""GET /users/7\?a=b HTTP/[12]\.[01]"" 200 5 ""-"" ""\\""x\\""""$"));
    }

    [Test]
    public async Task Ten_thousand_paths_that_no_route_has_add_no_series()
    {
        using var endpoint = new HttpEndpoint("hello");
        await using var gateway = await StartAsync(endpoint);
        gateway.Get("/users/1");
        gateway.Get("/none");
        var before = Series(await MetricsAsync(gateway));
        using var client = gateway.Connect();
        for (var batch = 0; batch < 100; batch++)
        {
            client.Send(string.Concat(Enumerable.Range(batch * 100, 100).Select(path => $"GET /{path} HTTP/1.1\r\nHost: h{path}\r\n\r\n")));
            for (var answer = 0; answer < 100; answer++)
            {
                Assert.That(client.ReadResponse().FirstLine, Does.Contain("404"));
            }
        }

        var page = await MetricsAsync(gateway);
        Assert.That(Series(page), Is.EqualTo(before));
        Assert.That(page, Does.Contain("lb_http_requests_total{listener=\"web\",route=\"\",status=\"4xx\"} 10001\n"));
    }

    [Test]
    public async Task Counts_go_on_over_a_reload_and_status_has_them_by_route()
    {
        using var endpoint = new HttpEndpoint("hello");
        await using var gateway = await StartAsync(endpoint);
        gateway.Get("/users/1");
        var text = File.ReadAllText(gateway.Daemon.ConfigPath).Replace("path: /missing", "path: /gone", StringComparison.Ordinal);
        File.WriteAllText(gateway.Daemon.ConfigPath, text);
        gateway.Daemon.Orders.OrderReload();
        await gateway.Daemon.ReloadedAsync();
        using (var client = gateway.Connect())
        {
            client.Get("/users/2").ReadResponse();
            client.Get("/users/3").ReadResponse();
        }

        var status = await gateway.StatusAsync();
        var requests = status.GetProperty("listeners")[0].GetProperty("requests");
        var routes = requests.GetProperty("routes").EnumerateArray().ToDictionary(route => route.GetProperty("name").GetString()!);
        Assert.That(routes.Keys, Is.EqualTo(new[] { "users", "missing", "" }));
        Assert.That((routes["users"].GetProperty("path").GetString(), routes["users"].GetProperty("requests").GetProperty("2xx").GetInt32(), routes["users"].GetProperty("sent_bytes").GetInt32()), Is.EqualTo(("/users/{id}", 3, 15)));
        Assert.That(requests.GetProperty("active").GetInt32(), Is.Zero);
        Assert.That(await MetricsAsync(gateway), Does.Contain("lb_http_requests_total{listener=\"web\",route=\"users\",status=\"2xx\"} 3\n")
            .And.Contain("lb_upstream_requests_total{upstream=\"up\",status=\"2xx\"} 3\n")
            .And.Match("lb_http_request_duration_seconds_count{listener=\"web\",route=\"users\"} 3\n"));
    }

    private Task<HttpGateway> StartAsync(HttpEndpoint endpoint)
    {
        var free = Loopback.Listen();
        var dead = free.LocalEndPoint;
        free.Dispose();

        // One loop: lines of different loops may be out of order.
        return OnAsync(DaemonHarness.StartAsync(
            Text(Routes, $"{{{Upstream("up", "", endpoint)}, dead: {{endpoints: [\"{dead}\"], health: {{passive: off}}}}}}") + "transport: {loops: 1}\n", log: $"{{level: error, access: {Path}}}"));
    }

    private async Task<List<JsonElement>> LinesAsync(int count) => [.. (await RawLinesAsync(count)).Select(line => JsonDocument.Parse(line).RootElement)];

    private async Task<string[]> RawLinesAsync(int count)
    {
        // A line is written a moment after its response, by a thread of its own.
        await Assert.ThatAsync(() => Task.FromResult(File.ReadAllLines(Path).Length), Is.EqualTo(count).After(20_000, 5));
        return File.ReadAllLines(Path);
    }

    private static async Task<string> MetricsAsync(HttpGateway gateway) => (await gateway.Daemon.GetAsync("/metrics")).Text;

    private static List<string> Series(string page) => [.. page.Split('\n').Where(line => line.StartsWith("lb_", StringComparison.Ordinal)).Select(line => line[..line.LastIndexOf(' ')])];
}

using LoadBalancer.Daemon.Cli;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>Keys of consumers and of a key file, from the client to the endpoint.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class ApiKeyScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    private TemporaryFolder _folder = null!;
    private HttpEndpoint _endpoint = null!;

    private string Keys => _folder["keys.yaml"];

    [SetUp]
    public void Open() => (_folder, _endpoint) = (new TemporaryFolder(), new HttpEndpoint("ok"));

    [TearDown]
    public void Close()
    {
        _endpoint.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task The_endpoint_learns_who_calls_and_not_the_key()
    {
        var key = await RunAsync("create", "--id", "k1", "--consumer", "acme");
        await using var gateway = await StartAsync($"file: {Keys}, forward: {{subject: X-Consumer, plan: X-Plan, key_id: X-Key}}");
        Assert.That(gateway.Get("/", $"X-API-Key: {key}\r\nX-Consumer: root\r\nx_plan: root\r\n").Status, Is.EqualTo(200));
        Assert.That(gateway.Get("/", "X-API-Key: of lb.yaml\r\n").Status, Is.EqualTo(200));
        var (one, two) = (_endpoint.Requests[0], _endpoint.Requests[1]);
        Assert.That((one["X-Consumer"], one["X-Plan"], one["X-Key"], one["X-API-Key"], one["x_plan"]), Is.EqualTo(("acme", "pro", "k1", (string?)null, (string?)null)));
        Assert.That((two["X-Consumer"], two["X-Key"], two["X-API-Key"]), Is.EqualTo(("acme", (string?)null, (string?)null)));
    }

    [TestCase("", 401, "credential_missing")]
    [TestCase("X-API-Key: wrong\r\n", 401, "api_key_unknown")]
    [TestCase("X-API-Key: \r\n", 401, "api_key_unknown")]
    [TestCase("X-API-Key: of lb.yaml\r\nX-API-Key: of lb.yaml\r\n", 400, "credential_ambiguous")]
    [TestCase("X-API-Key: of lb.yaml\r\nx-api-key: other\r\n", 400, "credential_ambiguous")]
    [TestCase("X-API-Key: of lb.yaml, of lb.yaml\r\n", 401, "api_key_unknown")]
    public async Task Whoever_has_no_good_key_is_refused_with_the_reason(string fields, int status, string reason)
    {
        await using var gateway = await StartAsync("");
        var response = gateway.Get("/", fields);
        LimitScenarios.IsProblem(response, status, reason);
        Assert.That(response["WWW-Authenticate"], Is.EqualTo(status == 401 ? "ApiKey realm=\"p\"" : null));
        Assert.That(_endpoint.Requests, Is.Empty);
    }

    [Test]
    public async Task A_key_that_is_too_long_or_no_text_is_refused()
    {
        await using var gateway = await StartAsync("");
        LimitScenarios.IsProblem(gateway.Get("/", $"X-API-Key: {new string('x', 513)}\r\n"), 400, "credential_too_large");
        LimitScenarios.IsProblem(gateway.Get("/", "X-API-Key: \u00c3\u0028\u00fe\r\n"), 401, "api_key_unknown");
    }

    [Test]
    public async Task J7_a_key_in_the_query_reaches_neither_the_endpoint_nor_a_log()
    {
        var log = _folder["access.json"];
        await using (var gateway = await StartAsync(
            "query: api_key", log: $"{{level: debug, access: {log}, fields: [query, raw_path, referer]}}"))
        {
            Assert.That(gateway.Get("/a?x=1&api_key=of%20lb.yaml&y=2", "Referer: http://a/?api_key=secret1\r\n").Status, Is.EqualTo(200));
            Assert.That(gateway.Get("/a?api_key=secret2").Status, Is.EqualTo(401));
            Assert.That(gateway.Get("/a?api_key=secret3&api%5fkey=secret4").Status, Is.EqualTo(400));
            Assert.That(gateway.Get("/open?api_key=secret5").Status, Is.EqualTo(200));
            Assert.That(gateway.Get("/none/../%2e?api_key=secret6").Status, Is.GreaterThan(0));
            Assert.That(gateway.Get("/rewritten?api_key=of%20lb.yaml&a=1").Status, Is.EqualTo(200));
        }

        Assert.That(
            _endpoint.Requests.Select(request => request.FirstLine.Split(' ')[1]), Does.Contain("/a?x=1&y=2").And.Contains("/rewritten?a=1&b=2").And.Contains("/open?api_key=secret5"),
            "where no key is asked for, it is the endpoint's own matter");
        var lines = await File.ReadAllTextAsync(log);
        Assert.That(lines, Does.Not.Contain("secret").And.Not.Contain("of%20lb"));
        Assert.That(lines, Does.Contain("x=1&api_key=***&y=2"));
    }

    [Test]
    public async Task A_changed_file_takes_effect_without_a_reload_and_a_broken_one_changes_nothing()
    {
        var first = await RunAsync("create", "--id", "k1", "--consumer", "acme");
        await using var gateway = await StartAsync($"file: {Keys}", process: "reload: {watch: true}\nshutdown: {unready_for: 0s, drain: 1s}\n");
        var second = await RunAsync("create", "--id", "k2", "--consumer", "acme");
        await EntriesAsync(gateway, 2);
        Assert.That((Status(gateway, first), Status(gateway, second)), Is.EqualTo((200, 200)));

        await File.AppendAllTextAsync(Keys, "- id: k3\n  hash: lbk_k3_secretsecret\n");
        await gateway.Daemon.UntilAsync(status => Refusal(status) is { } why && why.Contains("'hash' expects", StringComparison.Ordinal), "the refusal");
        Assert.That(Refusal(await gateway.Daemon.StatusAsync()), Does.Not.Contain("secretsecret"));
        Assert.That((Status(gateway, first), Status(gateway, second)), Is.EqualTo((200, 200)), "what was there stays");
        Assert.That((await gateway.Daemon.GetAsync("/metrics")).Text, Does.Contain("lb_auth_file_refused{auth=\"p\"} 1\n").And.Contains("lb_auth_file_entries{auth=\"p\"} 2\n"));

        await File.WriteAllTextAsync(Keys, string.Concat((await File.ReadAllTextAsync(Keys)).Split("- id: k3")[0]));
        await gateway.Daemon.UntilAsync(status => Refusal(status) is null, "the end of the refusal");
        await RunAsync("revoke", "k1");
        await UntilAsync(() => Status(gateway, first) == 401);
        LimitScenarios.IsProblem(gateway.Get("/", $"X-API-Key: {first}\r\n"), 401, "api_key_unknown");
        Assert.That((Status(gateway, second), Refusal(await gateway.Daemon.StatusAsync())), Is.EqualTo((200, (string?)null)));
        Assert.That((await gateway.Daemon.StatusAsync()).GetProperty("config").GetProperty("reloads").GetInt64(), Is.Zero, "it was no reload");
    }

    [Test]
    public async Task A_key_ends_at_its_time()
    {
        var time = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
        await File.WriteAllTextAsync(Keys, $"- {{id: a, hash: \"{KeyHash.Of("a"u8)}\", expires: {time:yyyy-MM-dd'T'HH:mm:ss'Z'}}}\n- {{id: b, hash: \"{KeyHash.Of("b"u8)}\", expires: {time.AddHours(1):yyyy-MM-dd'T'HH:mm:ss'Z'}}}\n");
        await using var gateway = await StartAsync($"file: {Keys}");
        LimitScenarios.IsProblem(gateway.Get("/", "X-API-Key: a\r\n"), 401, "api_key_expired");
        Assert.That(gateway.Get("/", "X-API-Key: b\r\n").Status, Is.EqualTo(200));
    }

    [Test]
    public async Task Trap_30_a_WebSocket_needs_a_key_too()
    {
        await using var gateway = await StartAsync("");
        using var client = new HttpWire(Loopback.Connect(gateway.Address));
        var response = client.Get("/", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n").ReadResponse();
        LimitScenarios.IsProblem(response, 401, "credential_missing");
        Assert.That(_endpoint.Requests, Is.Empty);
    }

    [Test]
    public async Task A_reload_that_changes_a_consumer_changes_whose_the_keys_are()
    {
        var key = await RunAsync("create", "--consumer", "acme");
        await using var gateway = await StartAsync($"file: {Keys}, forward: {{plan: X-Plan}}");
        Assert.That(Status(gateway, key), Is.EqualTo(200));
        await gateway.Daemon.ReloadAsync(Yaml($"file: {Keys}, forward: {{plan: X-Plan}}").Replace("plan: pro", "plan: free", StringComparison.Ordinal));
        Assert.That(Status(gateway, key), Is.EqualTo(200));
        Assert.That(_endpoint.Requests.Select(request => request["X-Plan"]), Is.EqualTo(new[] { "pro", "free" }));
    }

    private static int Status(HttpGateway gateway, string key) => gateway.Get("/", $"X-API-Key: {key}\r\n").Status;

    private static async Task UntilAsync(Func<bool> holds)
    {
        await Task.Yield();
        Assert.That(holds, Is.True.After(Loopback.TimeoutMs, 5));
    }

    private static string? Refusal(System.Text.Json.JsonElement status) => status.GetProperty("auth_files")[0].GetProperty("refusal").GetString();

    private static Task EntriesAsync(HttpGateway gateway, int count) =>
        gateway.Daemon.UntilAsync(status => status.GetProperty("auth_files")[0].GetProperty("entries").GetInt32() == count, "the file is read");

    private string Yaml(string options) => HttpGateway.Text(
        "{routes: [{upstream: up, auth: p}, {path: /open, upstream: up}, {path: /rewritten, upstream: up, auth: p, rewrite: {query: {set: {b: \"2\"}}}}]}",
        $"{{{HttpGateway.Upstream("up", "", _endpoint)}}}") +
        $"auth: {{p: {{api_key: {{{options}}}}}}}\nconsumers: {{acme: {{api_keys: \"{KeyHash.Of("of lb.yaml"u8)}\", plan: pro}}}}\n";

    private Task<HttpGateway> StartAsync(string options, string process = "reload: {watch: false}\nshutdown: {unready_for: 0s, drain: 1s}\n", string log = "{level: error, access: off}") =>
        HttpGateway.OnAsync(DaemonHarness.StartAsync(Yaml(options), process, log));

    private async Task<string> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        Assert.That(await new Shell(new Terminal(output, errors, _ => null)).RunAsync(["keys", .. arguments, "--file", Keys]), Is.Zero, errors.ToString());
        return output.ToString().TrimEnd('\n');
    }
}

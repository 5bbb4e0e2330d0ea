using System.Diagnostics;
using System.Net;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Daemon.Tests.Repository;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>samples/secure-nginx as it stands, with only addresses and paths replaced, in front of three replicas of nginx.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class SecureNginxSampleScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    private const int Replicas = 3;

    private static readonly string[] Programs = ["/usr/sbin/nginx", "/usr/bin/nginx"];

    private readonly List<Process> _replicas = [];
    private TemporaryFolder _folder = null!;
    private HttpGateway _gateway = null!;
    private string _key = "";
    private int _clients;

    [OneTimeSetUp]
    public async Task Start()
    {
        _folder = new TemporaryFolder();
        _key = await KeysAsync("create", "--id", "k1", "--consumer", "acme");
        await File.WriteAllTextAsync(_folder["htpasswd"], $"alice:{Command.Run("openssl", ["passwd", "-6", "wonder:land"]).Output.Trim()}\n");
        var yaml = WorkTree.Read("samples/secure-nginx/lb.yaml")
            .Replace("\":80\"", "\"127.0.0.1:0\"", StringComparison.Ordinal)
            .Replace("/etc/lb/keys.yaml", _folder["keys.yaml"], StringComparison.Ordinal)
            .Replace("/etc/lb/htpasswd", _folder["htpasswd"], StringComparison.Ordinal);
        for (var at = 0; at < Replicas; at++)
        {
            yaml = yaml.Replace($"10.0.6.1{at}:8080", StartReplica($"nginx{at}").ToString(), StringComparison.Ordinal);
        }

        _gateway = await HttpGateway.OnAsync(DaemonHarness.StartAsync(yaml, "reload: {watch: true}\nshutdown: {unready_for: 0s, drain: 1s}\n"));
        await _gateway.Daemon.UntilAsync(
            status => status.GetProperty("upstreams")[0].GetProperty("endpoints").EnumerateArray().All(endpoint =>
                endpoint.GetProperty("probe") is { ValueKind: System.Text.Json.JsonValueKind.Object } probe && probe.GetProperty("answer").GetString() == "status 200"),
            "every replica answers its probe");
    }

    [OneTimeTearDown]
    public async Task End()
    {
        await _gateway.DisposeAsync();
        foreach (var replica in _replicas)
        {
            replica.Kill();
            await replica.WaitForExitAsync();
            replica.Dispose();
        }

        _folder.Dispose();
    }

    [Test]
    public void A_key_leads_to_every_replica_which_learns_whose_it_is_and_not_the_key()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        Assert.That(
            () =>
            {
                var text = Get("/orders", $"X-API-Key: {_key}\r\nX-Consumer: root\r\nX_Key_Id: root\r\n").Text;
                Assert.That(text, Does.EndWith(" consumer=acme key=k1 sent=\n"));
                seen.Add(text.Split(' ')[0]);
                return seen.Count;
            },
            Is.EqualTo(Replicas).After(Loopback.TimeoutMs, 1), "one that a probe found slow comes back");
    }

    [TestCase("/orders", "", 401, "credential_missing", "ApiKey realm=\"partners\"")]
    [TestCase("/orders", "X-API-Key: lbk_k1_x\r\n", 401, "api_key_unknown", "ApiKey realm=\"partners\"")]
    [TestCase("/orders", "Authorization: Basic YWxpY2U6d29uZGVyOmxhbmQ=\r\n", 401, "credential_missing", "ApiKey realm=\"partners\"")]
    [TestCase("/orders?X-API-Key=1", "", 401, "credential_missing", "ApiKey realm=\"partners\"")]
    [TestCase("/secure/", "", 401, "credential_missing", "Basic realm=\"Office\", charset=\"UTF-8\"")]
    [TestCase("/secure", "X-API-Key: $key\r\n", 401, "credential_missing", "Basic realm=\"Office\", charset=\"UTF-8\"")]
    [TestCase("/secure/%2e%2e/secure/x", "X-API-Key: $key\r\n", 401, "credential_missing", "Basic realm=\"Office\", charset=\"UTF-8\"")]
    [TestCase("/orders/../secure/", "X-API-Key: $key\r\n", 401, "credential_missing", "Basic realm=\"Office\", charset=\"UTF-8\"")]
    [TestCase("/secure/", "Authorization: Basic YWxpY2U6d29uZGVy\r\n", 401, "password_wrong", "Basic realm=\"Office\", charset=\"UTF-8\"")]
    [TestCase("/orders", "X-API-Key: $key\r\nX-API-Key: $key\r\n", 400, "credential_ambiguous", null)]
    [TestCase("/secure/", "Authorization: Basic YWxpY2U6d29uZGVyOmxhbmQ=\r\nAuthorization: Basic YWxpY2U6d29uZGVy\r\n", 400, "credential_ambiguous", null)]
    public void Whoever_brings_the_wrong_thing_is_told_what_is_wanted(string target, string fields, int status, string code, string? challenge)
    {
        var response = Get(target, fields.Replace("$key", _key, StringComparison.Ordinal));
        LimitScenarios.IsProblem(response, status, code);
        Assert.That(response["WWW-Authenticate"], Is.EqualTo(challenge));
    }

    [Test]
    public void A_user_comes_in_by_the_password_which_nginx_does_not_get()
    {
        var response = Get("/secure/page", $"Authorization: Basic {Convert.ToBase64String("alice:wonder:land"u8)}\r\nX-User: root\r\nx_user: root\r\n");
        Assert.That((response.Status, response.Text[response.Text.IndexOf(' ', StringComparison.Ordinal)..]), Is.EqualTo((200, " user=alice authorization=\n")));
    }

    [Test]
    public void A_balancer_in_front_may_ask_without_a_key() => Assert.That(Get("/lb-ready").Status, Is.EqualTo(200));

    [Test]
    public async Task A_key_is_rotated_and_revoked_while_everything_runs()
    {
        var old = await KeysAsync("create", "--id", $"old-{carrier}", "--subject", "job");
        Assert.That(() => Status(old), Is.EqualTo(200).After(Loopback.TimeoutMs, 10));
        var next = await KeysAsync("rotate", $"old-{carrier}", "--id", $"next-{carrier}", "--overlap", "1h");
        Assert.That(() => Status(next), Is.EqualTo(200).After(Loopback.TimeoutMs, 10));
        Assert.That(Status(old), Is.EqualTo(200), "both are good for an hour");
        await KeysAsync("revoke", $"old-{carrier}");
        Assert.That(() => Status(old), Is.EqualTo(401).After(Loopback.TimeoutMs, 10));
        Assert.That((Status(next), Status(_key)), Is.EqualTo((200, 200)));
    }

    [TestCase("/orders", "")]
    [TestCase("/orders", "X-API-Key: lbk_k1_x\r\n")]
    [TestCase("/orders", "X-API-Key: $key\r\n")]
    public void One_address_has_ten_at_once_and_then_five_a_second_whatever_it_brings(string target, string fields)
    {
        var from = new IPAddress([127, 3, 0, (byte)(1 + fields.Length)]);
        var clock = Stopwatch.StartNew();
        var allowed = 0;
        HttpMessage refused;
        while ((refused = Get(target, fields.Replace("$key", _key, StringComparison.Ordinal), from)).Status != 429)
        {
            allowed++;
        }

        Assert.That(allowed, Is.InRange(10, 10 + (int)(5 * clock.Elapsed.TotalSeconds)));
        LimitScenarios.IsProblem(refused, 429, "rate_limited");
        Assert.That((refused["Retry-After"], refused["RateLimit-Policy"]), Is.EqualTo(("1", "\"per-client\";q=10;w=2")));
        Assert.That(Get(target, "").Status, Is.EqualTo(401), "others are let in");
        Assert.That(Get("/lb-ready", from: from).Status, Is.EqualTo(200), "and so is the balancer in front");
    }

    private int Status(string key) => Get("/", $"X-API-Key: {key}\r\n").Status;

    // From an address of its own, as each has only so many requests.
    private HttpMessage Get(string target, string fields = "", IPAddress? from = null)
    {
        using var client = IOverCarriers.Connect(Loopback.Connect(_gateway.Address, from ?? new IPAddress([127, 2, (byte)(++_clients >> 8), (byte)_clients])));
        return client.Get(target, fields, "shop.example.com").ReadResponse();
    }

    private IPEndPoint StartReplica(string name)
    {
        var address = (IPEndPoint)Loopback.Refusing();
        Directory.CreateDirectory(_folder[name]);
        var own = string.Join(' ', new[] { "client_body", "proxy", "fastcgi", "uwsgi", "scgi" }.Select(what => $"{what}_temp_path {_folder[$"{name}/{what}"]};"));
        File.WriteAllText(_folder[$"{name}/nginx.conf"], WorkTree.Read("samples/secure-nginx/nginx.conf")
            .Replace("listen 8080;", $"listen {address};", StringComparison.Ordinal)
            .Replace("/var/log/nginx/access.log", _folder[$"{name}/access.log"], StringComparison.Ordinal)
            .Replace("events { }", $"daemon off; master_process off; error_log {_folder[$"{name}/error.log"]}; pid {_folder[$"{name}/pid"]};\nevents {{ }}", StringComparison.Ordinal)
            .Replace("http {", $"http {{\n{own}", StringComparison.Ordinal));
        _replicas.Add(Process.Start(Programs.First(File.Exists), ["-p", _folder[name], "-c", _folder[$"{name}/nginx.conf"]]));
        return address;
    }

    private async Task<string> KeysAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        Assert.That(await new Shell(new Terminal(output, errors, _ => null)).RunAsync(["keys", .. arguments, "--file", _folder["keys.yaml"]]), Is.Zero, errors.ToString());
        return output.ToString().TrimEnd('\n');
    }
}

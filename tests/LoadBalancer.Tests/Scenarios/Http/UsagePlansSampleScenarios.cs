using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Daemon.Tests.Repository;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Redis;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>samples/usage-plans as it stands, twice, with only addresses and paths replaced, in front of two endpoints and one real Redis.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class UsagePlansSampleScenarios(Carrier carrier) : IOverCarriers
{
    private const int Burst = 200;
    private const int PerSecond = 100;
    private const int TrialQuota = 300;

    private readonly HttpGateway[] _instances = new HttpGateway[2];
    private readonly List<HttpEndpoint> _endpoints = [];
    private TemporaryFolder _folder = null!;
    private RedisServer _redis = null!;
    private string _acme = "";
    private string _tess = "";
    private string _probe = "";

    public Carrier Carrier => carrier;

    [SetUp]
    public async Task Start()
    {
        _folder = new TemporaryFolder();
        _redis = new RedisServer();
        var yaml = WorkTree.Read("samples/usage-plans/lb.yaml")
            .Replace("\":80\"", "\"127.0.0.1:0\"", StringComparison.Ordinal)
            .Replace("/etc/lb/keys.yaml", _folder["keys.yaml"], StringComparison.Ordinal)
            .Replace("redis://10.0.9.20:6379", _redis.Url, StringComparison.Ordinal);
        foreach (var address in new[] { "10.0.9.31:8000", "10.0.9.32:8000" })
        {
            _endpoints.Add(new HttpEndpoint((wire, request) => wire.Respond($"for {request["X-Consumer"]}")) { Remembers = false });
            yaml = yaml.Replace(address, _endpoints[^1].Address.ToString(), StringComparison.Ordinal);
        }

        (_acme, _tess, _probe) = (await KeyAsync("--consumer", "acme"), await KeyAsync("--consumer", "tess"), await KeyAsync("--subject", "probe"));
        for (var at = 0; at < _instances.Length; at++)
        {
            Directory.CreateDirectory(_folder[$"state{at}"]);
            _instances[at] = await HttpGateway.OfFileAsync("api", yaml.Replace("/var/lib/lb", _folder[$"state{at}"], StringComparison.Ordinal));
        }

        await RedisIsAskedAsync(true);
    }

    [TearDown]
    public async Task End()
    {
        foreach (var instance in _instances.OfType<HttpGateway>())
        {
            await instance.DisposeAsync();
        }

        _endpoints.ForEach(endpoint => endpoint.Dispose());
        _endpoints.Clear();
        _redis.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void Both_instances_together_let_200_pass_at_once_and_100_a_second()
    {
        var clock = Stopwatch.StartNew();
        var answers = Ask(_acme, 600);
        var seconds = clock.Elapsed.TotalSeconds;
        var passed = answers.Count(answer => answer.Status == 200);
        Assert.That(passed, Is.InRange(Burst / 2, Burst + (PerSecond * seconds)), "the bucket once, and not one for each instance");
        var refused = answers.First(answer => answer.Status == 429);
        LimitScenarios.IsProblem(refused, 429, "rate_limited");
        Assert.That(refused["Retry-After"], Is.EqualTo("1"));
        Assert.That(answers[0]["RateLimit-Policy"], Is.EqualTo("\"plan:rate\";q=200;w=2, \"plan:month\";q=50000"));
        Assert.That(answers[0].Text, Is.EqualTo("for acme"));
    }

    [Test]
    public async Task A_quota_is_of_both_instances_and_a_report_costs_ten_and_usage_tells_it()
    {
        // Whom the rate refuses asks again, until both instances say that the month is over.
        var passed = 0;
        var answer = new HttpMessage("", [], [], []);
        for (var (at, over) = (0, 0); over < 2; at++)
        {
            answer = _instances[at % 2].Get("/reports/november", $"X-API-Key: {_tess}\r\n");
            Assert.That(answer.Status, Is.EqualTo(200).Or.EqualTo(429), answer.Text);
            passed += answer.Status == 200 ? 10 : 0;
            over = answer.Text.Contains("quota_exceeded", StringComparison.Ordinal) ? over + 1 : 0;
        }

        Assert.That(passed, Is.InRange(TrialQuota - 20, TrialQuota), "less only where an instance has some left that is not enough for another");
        LimitScenarios.IsProblem(answer, 429, "quota_exceeded");
        Assert.That(int.Parse(answer["Retry-After"]!, CultureInfo.InvariantCulture), Is.InRange(1, 31 * 24 * 60 * 60));
        Assert.That(_instances[0].Get("/", $"X-API-Key: {_acme}\r\n").Status, Is.EqualTo(200), "another partner's is its own");

        var used = 0L;
        foreach (var instance in _instances)
        {
            var (code, text, errors) = await LbAsync("usage", "--format", "json", "--caller", "tess", "-c", instance.Daemon.ConfigPath);
            Assert.That(code, Is.Zero, errors);
            var caller = JsonDocument.Parse(text).RootElement.GetProperty("callers").EnumerateArray().Single();
            Assert.That(caller.GetProperty("plan").GetString(), Is.EqualTo("trial"));
            used += caller.GetProperty("requests").GetInt64() - caller.GetProperty("rate_limited").GetInt64() - caller.GetProperty("quota_exceeded").GetInt64();
        }

        Assert.That(used, Is.EqualTo(passed / 10), "requests, not what they cost");
    }

    [Test]
    public async Task Partners_go_on_while_Redis_is_away_and_are_counted_together_when_it_is_back()
    {
        Assert.That(Ask(_acme, 2).Select(answer => answer.Status), Is.All.EqualTo(200));
        _redis.Kill();
        Assert.That(Ask(_acme, 20).Select(answer => answer.Status), Is.All.EqualTo(200), "each counts alone");
        await RedisIsAskedAsync(false);
        _redis.Start();
        await RedisIsAskedAsync(true);
        Assert.That(Ask(_acme, 600).Select(answer => answer.Status).Distinct(), Is.EquivalentTo(new[] { 200, 429 }));
    }

    [Test]
    public void Whoever_brings_no_key_is_not_counted_for_a_plan() => Assert.That(
        _instances.Select(instance => (instance.Get("/").Status, instance.Get("/lb-ready").Status)), Is.All.EqualTo((401, 200)));

    /// <summary>Requests of one partner to both instances in turn, from as many connections as ask at once.</summary>
    private List<HttpMessage> Ask(string key, int count)
    {
        const int AtOnce = 50;
        HttpWire[] clients = [.. Enumerable.Range(0, Math.Min(AtOnce, count)).Select(at => _instances[at % 2].Connect())];
        try
        {
            var answers = new List<HttpMessage>();
            while (answers.Count < count)
            {
                var asked = clients.Take(count - answers.Count).Select(client => client.Get("/orders", $"X-API-Key: {key}\r\n")).ToArray();
                answers.AddRange(asked.Select(client => client.ReadResponse()));
            }

            return answers;
        }
        finally
        {
            Array.ForEach(clients, client => client.Dispose());
        }
    }

    private async Task RedisIsAskedAsync(bool isUp)
    {
        foreach (var instance in _instances)
        {
            // It hears of it from requests.
            await instance.Daemon.UntilAsync(
                status =>
                {
                    instance.Get("/", $"X-API-Key: {_probe}\r\n");
                    return status.GetProperty("redis").EnumerateArray().Any(server => server.GetProperty("up").GetBoolean()) == isUp;
                },
                isUp ? "Redis is asked" : "Redis is known to be away");
        }
    }

    private async Task<string> KeyAsync(string whose, string name)
    {
        var (code, key, errors) = await LbAsync("keys", "create", whose, name, "--file", _folder["keys.yaml"]);
        Assert.That(code, Is.Zero, errors);
        return key.TrimEnd('\n');
    }

    private static async Task<(int Code, string Output, string Errors)> LbAsync(params string[] arguments)
    {
        await using var output = new StringWriter();
        await using var errors = new StringWriter();
        var code = await new Shell(new Terminal(output, errors, _ => null)).RunAsync(arguments);
        return (code, output.ToString(), errors.ToString());
    }
}

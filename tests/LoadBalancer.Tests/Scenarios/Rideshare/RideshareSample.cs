using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Daemon.Tests.Repository;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Daemon.Tests.Scenarios.Identity;
using LoadBalancer.Http.Tests.Authentication;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Redis;
using LoadBalancer.Tests.Tls;

namespace LoadBalancer.Daemon.Tests.Scenarios.Rideshare;

/// <summary>
/// samples/rideshare as it stands, but for addresses, paths, the port of the admin listener and the time that Redis has for an answer: two processes of lb that share
/// one real Redis, an issuer of tokens, one that is asked about tokens, an OpenID provider, and services that remember what they were asked.
/// </summary>
internal sealed class RideshareSample : IAsyncDisposable
{
    /// <summary>The host of the gateway for apps and partners.</summary>
    public const string Api = "api.rideshare.example";

    /// <summary>The host of the gateway for staff.</summary>
    public const string Admin = "admin.rideshare.example";

    /// <summary>How many lb there are.</summary>
    public const int Instances = 2;

    private const int AtOnce = 5;
    private const int Fleets = 2;
    private const string Folder = "samples/rideshare";
    private const string RedisHost = "redis.rideshare.example";
    private const string RedisPassword = "the-password-of-redis";

    private static readonly (string Address, string Service)[] Endpoints =
    [
        ("10.0.8.10:8000", "riders"), ("10.0.8.11:8000", "riders"), ("10.0.8.10:8001", "public"), ("10.0.8.11:8001", "public"),
        ("10.0.8.12:8000", "drivers"), ("10.0.8.13:8000", "drivers"), ("10.0.8.14:8000", "partners"),
        ("10.0.8.16:8000", "trips"), ("10.0.8.17:8000", "trips"), ("10.0.8.18:8000", "pricing"),
    ];

    private readonly TemporaryFolder _folder = new();
    private readonly CertificateFolder _certificates = new();
    private readonly EndPoint _secured = Loopback.Refusing();
    private readonly RedisServer _redis;
    private readonly TestIssuer _issuer = new() { Name = "https://login.rideshare.example" };
    private readonly LoopbackService _tokens = new(Tell);
    private readonly TestOpenIdProvider _provider = new();
    private readonly Dictionary<string, List<HttpEndpoint>> _services = [];
    private readonly EndPoint[] _api = [.. Enumerable.Range(0, Instances).Select(_ => Loopback.Refusing())];
    private readonly EndPoint[] _admin = [.. Enumerable.Range(0, Instances).Select(_ => Loopback.Refusing())];
    private readonly RunningLb?[] _running = new RunningLb?[Instances];
    private readonly Dictionary<string, string> _keys = [];
    private readonly X509ChainPolicy _trust = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
    private int _callers;
    private int _fleets;

    private RideshareSample()
    {
        _certificates.Write("redis", RedisHost);
        _redis = new RedisServer(
            "--tls-port", $"{((IPEndPoint)_secured).Port}", "--tls-cert-file", _certificates["redis.pem"], "--tls-key-file", _certificates["redis.key"],
            "--tls-ca-cert-file", _certificates.CaPath, "--tls-auth-clients", "no", "--requirepass", RedisPassword);
    }

    /// <summary>An address of the office, from which staff may come.</summary>
    public static IPAddress Office { get; } = IPAddress.Parse("127.9.0.7");

    /// <summary>All who are behind lb.</summary>
    public static IEnumerable<string> Services { get; } = [.. Endpoints.Select(endpoint => endpoint.Service).Distinct()];

    /// <summary>Where people of the staff log in.</summary>
    public TestOpenIdProvider Provider => _provider;

    /// <summary>Both instances, when they know each issuer and count in Redis.</summary>
    public static async Task<RideshareSample> StartAsync()
    {
        var sample = new RideshareSample();
        try
        {
            await sample.PrepareAsync();
            await Task.WhenAll(Enumerable.Range(0, Instances).Select(sample.StartAsync));
            return sample;
        }
        catch
        {
            await sample.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts an instance, and waits until it is as good as the other.</summary>
    public async Task StartAsync(int at)
    {
        // It lives for seconds: what is compiled a second time, so that it runs better later, costs half of what it does at all.
        _running[at] = await RunningLb.StartAsync(
            _folder, _folder[$"{at}/lb.yaml"], ("CREDENTIALS_DIRECTORY", _folder["credentials"]), ("DOTNET_TieredPGO", "0"), ("DOTNET_TC_CallCountThreshold", "2000"));
        var rider = Rider("pro");
        await Assert.ThatAsync(async () => await IsRedisUpAsync(at) && Ask(at, "GET /rider/warm", rider).Status == 200, Is.True.After(Loopback.TimeoutMs, 20));
        new TestBrowser(() => Connect(at, Admin, Office)) { Host = Admin }.Begin("/riders/warm");
    }

    /// <summary>Ends an instance as by kill -9.</summary>
    public async Task KillAsync(int at)
    {
        await _running[at]!.DisposeAsync();
        _running[at] = null;
    }

    /// <summary>Loads the sample's files anew at each instance.</summary>
    /// <param name="change">What is otherwise, of the text of a file by its name; without it nothing.</param>
    public async Task ReloadAsync(Func<string, string, string>? change = null)
    {
        for (var at = 0; at < Instances; at++)
        {
            Write(at, change);
            var (code, text) = await LbAsync("reload", "-c", _folder[$"{at}/lb.yaml"]);
            Assert.That(code, Is.Zero, text);
        }
    }

    /// <summary>The fields of a rider whom nobody has counted yet.</summary>
    public string Rider(string tier) => Bearer($"\"tier\":\"{tier}\",\"roles\":[\"rider\"]");

    /// <summary>The fields of a driver whom nobody has counted yet.</summary>
    public string Driver() => Bearer("\"tier\":\"driver\",\"roles\":[\"rider\",\"driver\"]");

    /// <summary>The fields of somebody with the app whom nobody has counted yet.</summary>
    /// <param name="claims">What the token says.</param>
    /// <param name="audience">For whom it is.</param>
    public string Bearer(string claims, string audience = Api)
    {
        var text = _issuer.Claims($"user{Interlocked.Increment(ref _callers)}", claims);
        return $"Authorization: Bearer {_issuer.Sign(text.Replace("\"aud\":\"api\"", $"\"aud\":\"{audience}\"", StringComparison.Ordinal))}\r\n";
    }

    /// <summary>The field with the key of a partner.</summary>
    public string Key(string partner) => $"X-API-Key: {_keys[partner]}\r\n";

    /// <summary>The field with the token of a partner's program; of one that may do something else where it says so, and of nobody's for the empty name.</summary>
    public static string Token(string partner, string scope = "rides") => $"Authorization: Bearer opaque-of-{partner}-{scope}\r\n";

    /// <summary>The fields of a partner whom nobody has counted yet.</summary>
    public string Partner() => Partner($"fleet{_fleets++}");

    /// <summary>The fields of a partner.</summary>
    public string Partner(string name) => Key(name) + Token(name);

    /// <summary>An address of a client whom nobody has counted yet.</summary>
    public IPAddress Client()
    {
        var caller = Interlocked.Increment(ref _callers);
        return new([127, 8, (byte)(caller >> 8), (byte)caller]);
    }

    /// <summary>A browser in the office, or elsewhere.</summary>
    public TestBrowser Browser(int at, IPAddress? from = null) => new(() => Connect(at, Admin, from ?? Office)) { Host = Admin };

    /// <summary>The field with the session of somebody who has logged in with a second factor.</summary>
    public string Staff(string subject)
    {
        var browser = LogIn(subject, "\"amr\":[\"pwd\",\"mfa\"],\"roles\":[\"admin\"]", out _);
        return $"Cookie: {string.Join("; ", browser.Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}"))}\r\n";
    }

    /// <summary>The browser of somebody who has logged in at the first instance.</summary>
    /// <param name="subject">Who.</param>
    /// <param name="claims">What the provider says of it.</param>
    /// <param name="back">What lb answered to that.</param>
    public TestBrowser LogIn(string subject, string claims, out HttpMessage back)
    {
        Provider.Claims = claims;
        var browser = Browser(0);
        back = browser.Get(Provider.LogIn(browser.Begin("/riders/7"), subject));
        return browser;
    }

    /// <summary>A connection to one of the gateways of an instance, which speaks what the fixture is about.</summary>
    public HttpWire Connect(int at, string host = Api, IPAddress? from = null) => IOverCarriers.Connect(
        Loopback.Connect((host == Api ? _api : _admin)[at], from), new SslClientAuthenticationOptions { TargetHost = host, CertificateChainPolicy = _trust });

    /// <summary>Sends a request without a body.</summary>
    /// <param name="client">The connection.</param>
    /// <param name="request">Method and target.</param>
    /// <param name="fields">Fields, each with CR LF behind it.</param>
    /// <param name="host">The host.</param>
    public static HttpWire Send(HttpWire client, string request, string fields = "", string host = Api) =>
        client.Send($"{request} HTTP/1.1\r\nHost: {host}\r\n{(request.StartsWith("GET", StringComparison.Ordinal) ? "" : "Content-Length: 0\r\n")}{fields}\r\n");

    /// <summary>One request on a connection of its own.</summary>
    public HttpMessage Ask(int at, string request, string fields = "", string host = Api, IPAddress? from = null)
    {
        using var client = Connect(at, host, from);
        return Send(client, request, fields, host).ReadResponse();
    }

    /// <summary>So many requests of one caller, to the instances in turn, some at once.</summary>
    public List<HttpMessage> Ask(string request, string fields, int count, string host = Api, IPAddress? from = null)
    {
        HttpWire[] clients = [.. Enumerable.Range(0, Math.Min(AtOnce, count)).Select(at => Connect(at % Instances, host, from))];
        try
        {
            var answers = new List<HttpMessage>();
            while (answers.Count < count)
            {
                var asked = clients.Take(count - answers.Count).Select(client => Send(client, request, fields, host)).ToArray();
                answers.AddRange(asked.Select(client => client.ReadResponse()));
            }

            return answers;
        }
        finally
        {
            Array.ForEach(clients, client => client.Dispose());
        }
    }

    /// <summary>Asks to follow a trip.</summary>
    public static HttpMessage Track(HttpWire client, string fields) => client.Get("/trips/42/track", CallerGateway.WebSocket + fields, Api).ReadResponse();

    /// <summary>What is sent over a WebSocket comes back.</summary>
    public static void Echoes(HttpWire client, string text) =>
        Assert.That(Encoding.ASCII.GetString(client.Send(text).ReadBytes(text.Length)), Is.EqualTo(text));

    /// <summary>What a service was asked for with this in the request line.</summary>
    public IReadOnlyList<HttpMessage> Asked(string service, string target) =>
        [.. _services[service].SelectMany(endpoint => endpoint.Requests).Where(request => request.FirstLine.Contains(target, StringComparison.Ordinal))];

    /// <summary>What a command of lb prints.</summary>
    public async Task<(int Code, string Text)> LbAsync(params string[] arguments)
    {
        await using var output = new StringWriter();
        var code = await new Shell(new Terminal(output, output, name => name == "CREDENTIALS_DIRECTORY" ? _folder["credentials"] : null)).RunAsync(arguments);
        return (code, output.ToString());
    }

    /// <summary>A folder with the sample's own files, in which no address is replaced, only paths.</summary>
    public string AsItStands()
    {
        foreach (var file in Files)
        {
            Put(Path.Combine("as-it-stands", file), Paths(WorkTree.Read($"{Folder}/{file}"), "as-it-stands"));
        }

        return _folder["as-it-stands"];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var lb in _running.OfType<RunningLb>())
        {
            await lb.DisposeAsync();
        }

        foreach (var endpoint in _services.Values.SelectMany(endpoints => endpoints))
        {
            endpoint.Dispose();
        }

        await _provider.DisposeAsync();
        await _tokens.DisposeAsync();
        _issuer.Dispose();
        _redis.Dispose();
        _certificates.Dispose();
        _folder.Dispose();
    }

    private static IEnumerable<string> Files =>
        WorkTree.Files.Where(file => file.StartsWith(Folder + "/", StringComparison.Ordinal) && file.EndsWith(".yaml", StringComparison.Ordinal)).Select(file => file[(Folder.Length + 1)..]);

    // What the issuer says of the programs of partners.
    private static byte[] Tell(ServiceRequest request) => LoopbackService.Answer(200, request.Parameters["token"].Split('-') is ["opaque", "of", var partner, var scope]
        ? $$"""{"active": true, "sub": "program-7", {{(partner.Length > 0 ? $"\"company\": \"{partner}\"," : "")}} "client_id": "{{partner}}-app", "scope": "{{scope}}", "aud": "{{Api}}"}"""
        : """{"active": false}""");

    // A service: it answers with its name, and sends back what comes over a WebSocket.
    private static HttpEndpoint Service(string name) => new((wire, request) =>
    {
        if (request["Upgrade"] is null)
        {
            wire.Respond(name);
            return;
        }

        wire.Send(WebSocketAnswer.To(request));
        while (true)
        {
            wire.Send(wire.ReadBytes(1));
        }
    });

    private async Task PrepareAsync()
    {
        _certificates.Write("api", Api);
        _certificates.Write("admin", Admin);
        _trust.CustomTrustStore.ImportFromPemFile(_certificates.CaPath);
        File.Copy(_certificates.CaPath, _folder["redis-ca.pem"]);
        Put("credentials/redis", RedisPassword);
        Put("credentials/introspection", "the-password-of-lb-there");
        Put("credentials/staff-login", AuthGateway.Secret.Replace(' ', '_'));
        Put("cookie-keys", new string('7', 64) + "\n");
        await AddKeyAsync("acme", "--consumer", "acme");
        await AddKeyAsync("globex", "--consumer", "globex");
        for (var at = 0; at < Fleets; at++)
        {
            await AddKeyAsync($"fleet{at}", "--subject", $"fleet{at}", "--plan", "partner");
        }

        foreach (var (_, service) in Endpoints)
        {
            if (!_services.TryGetValue(service, out var endpoints))
            {
                _services[service] = endpoints = [];
            }

            endpoints.Add(Service(service));
        }

        for (var at = 0; at < Instances; at++)
        {
            Directory.CreateDirectory(_folder[$"{at}/state"]);
            Write(at);
        }
    }

    // The key goes to one writer, and what is said of it to the other.
    private async Task AddKeyAsync(string name, params string[] whose)
    {
        await using var output = new StringWriter();
        var code = await new Shell(new Terminal(output, TextWriter.Null, _ => null)).RunAsync(["keys", "create", .. whose, "--file", _folder["keys.yaml"]]);
        Assert.That(code, Is.Zero);
        _keys[name] = output.ToString().TrimEnd('\n');
    }

    private void Write(int at, Func<string, string, string>? change = null)
    {
        foreach (var file in Files)
        {
            var text = Addresses(Paths(WorkTree.Read($"{Folder}/{file}"), $"{at}"), at);
            Put($"{at}/{file}", change?.Invoke(file, text) ?? text);
        }
    }

    private string Paths(string text, string of) => text
        .Replace("/etc/lb/api.", _certificates["api."], StringComparison.Ordinal)
        .Replace("/etc/lb/admin.", _certificates["admin."], StringComparison.Ordinal)
        .Replace("/etc/lb/", _folder[""] + "/", StringComparison.Ordinal)
        .Replace("/var/lib/lb", _folder[$"{of}/state"], StringComparison.Ordinal)
        .Replace("/run/lb/", _folder[$"{of}/"], StringComparison.Ordinal);

    // A machine that is busy with other tests is slow and not away: the counts are to be of one Redis.
    private string Addresses(string text, int at)
    {
        text = text
            .Replace("203.0.113.10:443", _api[at].ToString(), StringComparison.Ordinal)
            .Replace("203.0.113.11:443", _admin[at].ToString(), StringComparison.Ordinal)
            .Replace("198.51.100.0/24", "127.9.0.0/24", StringComparison.Ordinal)
            .Replace("https://login.rideshare.example/.well-known/jwks.json", _issuer.Url, StringComparison.Ordinal)
            .Replace("https://oauth.rideshare.example", _tokens.Address, StringComparison.Ordinal)
            .Replace("https://staff.rideshare.example", _provider.Issuer, StringComparison.Ordinal)
            .Replace($"rediss://{RedisHost}", $"rediss://{_secured}\n    timeout: 5s", StringComparison.Ordinal)
            .Replace("redis-ca.pem}", $"redis-ca.pem, server_name: {RedisHost}}}", StringComparison.Ordinal)
            .Replace("\"127.0.0.1:9090\", ", "", StringComparison.Ordinal);
        var given = new Dictionary<string, int>();
        foreach (var (address, service) in Endpoints)
        {
            var next = given.GetValueOrDefault(service);
            given[service] = next + 1;
            text = text.Replace(address, _services[service][next].Address.ToString(), StringComparison.Ordinal);
        }

        return text;
    }

    private void Put(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        File.WriteAllText(_folder[name], text);
    }

    private async Task<bool> IsRedisUpAsync(int at)
    {
        using var admin = AdminClient.Over(_folder[string.Create(CultureInfo.InvariantCulture, $"{at}/admin.sock")]);
        using var status = JsonDocument.Parse(await admin.GetStringAsync(new Uri("/status", UriKind.Relative)));
        return status.RootElement.GetProperty("redis").EnumerateArray().All(server => server.GetProperty("up").GetBoolean());
    }
}

using System.Text;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>Users and passwords, from the client to the endpoint.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class BasicScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    // Of the password "secret".
    private const string Bcrypt = "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";
    private const string Yescrypt = "$y$j75$abcdefgh$uMUXG79B2cFpoAYyDccUnsaH/aGTyBYMlnQidzyag01";

    // A fifth of a second for each.
    private const string Slow = "$2y$12$abcdefghijklmnopqrstuuT1Iwu6o8Wx7BoOyIMHfgVJq6JO/IJhW";

    private TemporaryFolder _folder = null!;
    private HttpEndpoint _endpoint = null!;

    [SetUp]
    public void Open() => (_folder, _endpoint) = (new TemporaryFolder(), new HttpEndpoint("ok"));

    [TearDown]
    public void Close()
    {
        _endpoint.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task The_endpoint_learns_the_user_and_not_the_password()
    {
        await using var gateway = await StartAsync($"alice:{Bcrypt}\nJörg:{Yescrypt}\n", "forward: {subject: X-User}");
        for (var at = 0; at < 2; at++)
        {
            Assert.That(gateway.Get("/", Credential("alice:secret") + "X-User: root\r\nX_USER: root\r\n").Status, Is.EqualTo(200));
            Assert.That(gateway.Get("/", Credential("Jörg:secret")).Status, Is.EqualTo(200));
        }

        Assert.That(_endpoint.Requests.Select(request => (request["X-User"], request["Authorization"], request["X_USER"])), Is.EqualTo(new[]
        {
            ("alice", null, null), ("J\u00c3\u00b6rg", null, null), ("alice", null, null), ("J\u00c3\u00b6rg", (string?)null, (string?)null),
        }));
    }

    [TestCase("", 401, "credential_missing")]
    [TestCase("Authorization: Bearer x\r\n", 401, "credential_missing")]
    [TestCase("Authorization: Basic\r\n", 401, "password_wrong")]
    [TestCase("Authorization: Basic !!!!\r\n", 401, "password_wrong")]
    [TestCase("alice:Secret", 401, "password_wrong")]
    [TestCase("alice:", 401, "password_wrong")]
    [TestCase("alice", 401, "password_wrong")]
    [TestCase("alice:secret\0", 401, "password_wrong")]
    [TestCase("Alice:secret", 401, "password_wrong")]
    [TestCase("bob:secret", 401, "password_wrong")]
    [TestCase("alice:x:secret", 401, "password_wrong")]
    public async Task Whoever_has_no_good_password_is_asked_for_one(string credential, int status, string reason)
    {
        await using var gateway = await StartAsync($"alice:{Bcrypt}\n", "realm: 'the \"back\" office'");
        var fields = credential.Length == 0 || credential.StartsWith("Authorization", StringComparison.Ordinal) ? credential : Credential(credential);
        for (var at = 0; at < 2; at++)
        {
            var response = gateway.Get("/", fields);
            LimitScenarios.IsProblem(response, status, reason);
            Assert.That(response["WWW-Authenticate"], Is.EqualTo("Basic realm=\"the \\\"back\\\" office\", charset=\"UTF-8\""));
        }

        Assert.That(_endpoint.Requests, Is.Empty);
    }

    [Test]
    public async Task F5_two_credentials_are_none_and_a_large_one_is_refused()
    {
        await using var gateway = await StartAsync($"alice:{Bcrypt}\n");
        LimitScenarios.IsProblem(gateway.Get("/", Credential("alice:secret") + Credential("alice:secret")), 400, "credential_ambiguous");
        LimitScenarios.IsProblem(gateway.Get("/", "Authorization: Bearer x\r\n" + Credential("alice:secret")), 400, "credential_ambiguous");
        LimitScenarios.IsProblem(gateway.Get("/", Credential("alice:" + new string('x', 5000))), 400, "credential_too_large");
        LimitScenarios.IsProblem(gateway.Get("/", $"Authorization: Basic {Convert.ToBase64String([.. "alice:"u8, 0xff, 0xfe])}\r\n"), 401, "password_wrong");
        Assert.That(_endpoint.Requests, Is.Empty);
    }

    [Test]
    public async Task A_changed_file_takes_effect_at_once_and_a_broken_one_changes_nothing()
    {
        await using var gateway = await StartAsync($"alice:{Bcrypt}\n", process: "reload: {watch: true}\nshutdown: {unready_for: 0s, drain: 1s}\n");
        Assert.That((Status(gateway, "alice"), Status(gateway, "bob")), Is.EqualTo((200, 401)));
        Replace($"alice:plain\nbob:{Bcrypt}\n");
        await gateway.Daemon.UntilAsync(status => File(status).GetProperty("refusal").GetString() is { } why && why.Contains("htpasswd:1:1: the hash of 'alice' is no hash", StringComparison.Ordinal), "the refusal");
        Assert.That((Status(gateway, "alice"), Status(gateway, "bob")), Is.EqualTo((200, 401)));
        Replace("");
        await gateway.Daemon.UntilAsync(status => File(status).GetProperty("refusal").GetString() is { } why && why.Contains("is empty, as a file is that is being written", StringComparison.Ordinal), "the refusal of an empty file");
        Assert.That(Status(gateway, "alice"), Is.EqualTo(200));
        Replace($"bob:{Bcrypt}\ncarol:{Bcrypt}\n");
        await gateway.Daemon.UntilAsync(status => File(status) is var file && file.GetProperty("entries").GetInt32() == 2 && file.GetProperty("refusal").GetString() is null, "the new file");
        Assert.That((Status(gateway, "alice"), Status(gateway, "bob")), Is.EqualTo((401, 200)), "what was remembered of the old file is forgotten");
    }

    [Test]
    public async Task A_flood_of_wrong_passwords_leaves_the_loops_and_whoever_is_known_alone()
    {
        await using var gateway = await StartAsync($"alice:{Bcrypt}\nmallory:{Slow}\n", top: "auth_failures: off\n");
        Assert.That(Status(gateway, "alice"), Is.EqualTo(200));
        const int Flood = 300;
        var clients = Enumerable.Range(0, Flood).Select(_ => gateway.Connect()).ToList();
        try
        {
            for (var at = 0; at < Flood; at++)
            {
                clients[at].Get("/", Credential($"mallory:wrong {at}"));
            }

            // More wait than may, so some are told at once, while those that are verified take seconds.
            for (var at = 0; at < 20; at++)
            {
                Assert.That((Status(gateway, "alice"), gateway.Get("/open").Status), Is.EqualTo((200, 200)));
            }

            var told = clients.Where(client => client.Socket.Poll(0, System.Net.Sockets.SelectMode.SelectRead)).Select(client => client.ReadResponse()).ToList();
            Assert.That(told.Select(response => response.Status), Is.All.EqualTo(503).Or.EqualTo(401).And.Some.EqualTo(503));
            LimitScenarios.IsProblem(told.First(response => response.Status == 503), 503, "provider_unavailable");
        }
        finally
        {
            // They leave: whoever has gone is not looked at.
            clients.ForEach(client => client.Dispose());
        }

        Assert.That(() => gateway.Get("/", Credential("mallory:secret")).Status, Is.EqualTo(200).After(Loopback.TimeoutMs, 50));
    }

    private static int Status(HttpGateway gateway, string user) => gateway.Get("/", Credential($"{user}:secret")).Status;

    private static System.Text.Json.JsonElement File(System.Text.Json.JsonElement status) => status.GetProperty("auth_files")[0];

    private static string Credential(string text) => $"Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}\r\n";

    private void Replace(string users)
    {
        System.IO.File.WriteAllText(_folder["next"], users);
        System.IO.File.Move(_folder["next"], _folder["htpasswd"], overwrite: true);
    }

    private Task<HttpGateway> StartAsync(string users, string options = "", string process = "reload: {watch: false}\nshutdown: {unready_for: 0s, drain: 1s}\n", string top = "")
    {
        Replace(users);
        return HttpGateway.OnAsync(DaemonHarness.StartAsync(
            HttpGateway.Text("{routes: [{upstream: up, auth: p}, {path: /open, upstream: up}]}", $"{{{HttpGateway.Upstream("up", "", _endpoint)}}}") +
            $"auth: {{p: {{basic: {{htpasswd: {_folder["htpasswd"]}{(options.Length == 0 ? "" : $", {options}")}}}}}}}\n{top}",
            process));
    }
}

using LoadBalancer.Daemon.Cli;
using LoadBalancer.Daemon.Tests.Configuration;

namespace LoadBalancer.Daemon.Tests.Explaining;

/// <summary>lb explain on a file whose callers have keys and passwords.</summary>
internal sealed class ExplainedCredentialsTests
{
    private const string Bcrypt = "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";

    private ConfigFolder _folder = null!;
    private string _key = "";

    [SetUp]
    public async Task MakeFiles()
    {
        _folder = new ConfigFolder().With("htpasswd", $"alice:{Bcrypt}\n");
        _folder.With("lb.yaml", $"listeners: {{web: {{bind: \":80\", http: {{routes: [{{path: /api, upstream: up, auth: keys}}, {{path: /page, upstream: up, auth: people}}]}}}}}}\nupstreams: {{up: {{endpoints: [\"127.0.0.1:1\"]}}}}\nauth:\n  keys: {{api_key: {{header: X-Key, query: k, file: {_folder["keys.yaml"]}, forward: {{subject: X-Consumer}}}}}}\n  people: {{basic: {{htpasswd: {_folder["htpasswd"]}, forward: {{subject: X-User}}}}}}\n");
        _key = (await RunAsync("keys", "create", "--id", "k1", "--subject", "job", "-f", _folder["keys.yaml"])).Output.Trim();
    }

    [TearDown]
    public void RemoveFiles() => _folder.Dispose();

    [Test]
    public async Task It_knows_a_key_and_a_password_and_shows_neither()
    {
        var byHeader = await RunAsync("explain", "-c", _folder["lb.yaml"], "-H", $"X-Key: {_key}", "http://a/api");
        var byQuery = await RunAsync("explain", "-c", _folder["lb.yaml"], $"http://a/api?k={_key}&x=1");
        var byPassword = await RunAsync("explain", "-c", _folder["lb.yaml"], "-H", $"Authorization: Basic {Convert.ToBase64String("alice:secret"u8)}", "http://a/page");
        Assert.Multiple(() =>
        {
            Assert.That((byHeader.Code, byQuery.Code, byPassword.Code), Is.EqualTo((0, 0, 0)), byHeader.Output + byQuery.Output + byPassword.Output);
            Assert.That(byHeader.Output, Does.Contain("X-Consumer: job").And.Contains("k1"));
            Assert.That(byQuery.Output, Does.Contain("GET /api?x=1 "));
            Assert.That(byPassword.Output, Does.Contain("X-User: alice"));
            Assert.That(byHeader.Output + byQuery.Output + byPassword.Output, Does.Not.Contain(_key[7..]).And.Not.Contain(Convert.ToBase64String("alice:secret"u8)).And.Not.Match("[^(]secret"));
        });
    }

    [Test]
    public async Task It_says_why_a_key_is_refused()
    {
        await RunAsync("keys", "revoke", "k1", "-f", _folder["keys.yaml"]);
        var refused = await RunAsync("explain", "-c", _folder["lb.yaml"], "-H", $"X-Key: {_key}", "http://a/api");
        Assert.That(refused.Code, Is.EqualTo(3), refused.Output);
        Assert.That(refused.Output, Does.Contain("api_key_unknown").And.Contains("revoked").And.Contains("k1").And.Not.Contain(_key[7..]));
    }

    private static async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        var code = await new Shell(new Terminal(output, arguments[0] == "keys" ? TextWriter.Null : output, _ => null)).RunAsync(arguments);
        return (code, output.ToString());
    }
}

using System.Runtime.Versioning;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Http.Authentication.ApiKeys;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Cli;

[SupportedOSPlatform("linux")]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class KeysVerbTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new();
    private string _out = "";
    private string _error = "";

    private string Path => _folder["keys.yaml"];

    public void Dispose() => _folder.Dispose();

    [Test]
    public async Task A_key_is_shown_once_and_the_file_has_its_hash()
    {
        Assert.That(await RunAsync(verb => (verb.Action, verb.Consumer, verb.Plan, verb.Scopes, verb.Expires) = ("create", "acme", "pro", "read,write orders", "90d")), Is.Zero);
        var secret = _out.TrimEnd('\n');
        Assert.That(secret, Does.Match(@"^lbk_[a-z0-9]{10}_[A-Za-z0-9_-]{43}$"));
        Assert.That((_error.Contains("is shown once", StringComparison.Ordinal), _error.Contains(secret, StringComparison.Ordinal)), Is.EqualTo((true, false)));
        Assert.That(File.ReadAllText(Path), Does.Not.Contain(secret[16..]));
        Assert.That(Keys().Single(), Is.EqualTo(new ApiKeyRecord(secret[4..14])
        {
            Hash = ApiKeyText.HashOf(secret), Consumer = "acme", Plan = "pro", Scopes = ["read", "write orders"], Expires = _time.GetUtcNow().AddDays(90),
        }));
        Assert.That(File.GetUnixFileMode(Path), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead));
    }

    [Test]
    public async Task The_rest_of_the_file_stays_as_somebody_wrote_it()
    {
        const string Before = "# ours\n- {id: one, hash: \"sha256:0000000000000000000000000000000000000000000000000000000000000001\"}   # by hand\n\n" +
            "-  id: two      # the second\n   hash: \"sha256:0000000000000000000000000000000000000000000000000000000000000002\"\n   expires: 2026-03-01T00:00:00Z  # soon\n# the end";
        File.WriteAllText(Path, Before);
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.That(await RunAsync(verb => (verb.Action, verb.Id, verb.Subject) = ("create", "three", "Jörg \"the\" admin")), Is.Zero);
        Assert.That(await RunAsync(verb => (verb.Action, verb.Key) = ("revoke", "two")), Is.Zero);
        Assert.That(_error, Does.Not.Contain("comments"));
        Assert.That(await RunAsync(verb => (verb.Action, verb.Key, verb.Id, verb.Overlap) = ("rotate", "three", "four", "1h")), Is.Zero);
        var text = File.ReadAllText(Path);
        Assert.That(text, Does.StartWith(Before[..Before.IndexOf("   expires", StringComparison.Ordinal)] + "   revoked: true\n   expires: 2026-03-01T00:00:00Z  # soon\n# the end\n- id: three\n"));
        Assert.That(
            Keys().Select(key => (key.Id, key.Subject, key.Expires, key.Revoked)),
            Is.EqualTo(new (string, string?, DateTimeOffset?, bool)[]
            {
                ("one", null, null, false), ("two", null, new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero), true),
                ("three", "Jörg \"the\" admin", _time.GetUtcNow().AddHours(1), false), ("four", "Jörg \"the\" admin", null, false),
            }));
        Assert.That(File.GetUnixFileMode(Path), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite), "the mode stays");
        Assert.That(Directory.GetFiles(_folder[""]), Is.EqualTo(new[] { Path }));
    }

    [Test]
    public async Task A_file_in_a_form_of_its_own_is_written_anew_and_that_is_said()
    {
        File.WriteAllText(Path, "# mine\n[{id: one, hash: \"sha256:0000000000000000000000000000000000000000000000000000000000000001\", roles: [\"a b\"]}]\n");
        Assert.That(await RunAsync(verb => (verb.Action, verb.Key) = ("revoke", "one")), Is.Zero);
        Assert.That((Keys().Single().Revoked, Keys().Single().Roles, _error.Contains("comments in it are gone", StringComparison.Ordinal)), Is.EqualTo((true, (LoadBalancer.Configuration.ValueList<string>)["a b"], true)));
    }

    [Test]
    public async Task A_rotated_key_keeps_what_it_may_and_its_earlier_end()
    {
        await RunAsync(verb => (verb.Action, verb.Id, verb.Consumer, verb.Roles, verb.Expires) = ("create", "a", "acme", "buyer", "1h"));
        Assert.That(await RunAsync(verb => (verb.Action, verb.Key) = ("rotate", "a")), Is.EqualTo(1));
        Assert.That(_error, Does.Contain("say when the new one does"));
        Assert.That(await RunAsync(verb => (verb.Action, verb.Key, verb.Id, verb.Expires) = ("rotate", "a", "b", "30d")), Is.Zero);
        Assert.That(
            Keys().Select(key => (key.Id, key.Consumer, key.Roles[0], key.Expires)),
            Is.EqualTo(new[] { ("a", "acme", "buyer", (DateTimeOffset?)_time.GetUtcNow().AddHours(1)), ("b", "acme", "buyer", _time.GetUtcNow().AddDays(30)) }), "not a day, since it ends in an hour");
        _time.Advance(TimeSpan.FromHours(1));
        Assert.That(await RunAsync(verb => (verb.Action, verb.Key) = ("rotate", "a")), Is.EqualTo(1));
        Assert.That(_error, Does.Contain("the key a is expired"));
    }

    [Test]
    public async Task The_list_has_no_secret_and_says_what_is_valid()
    {
        await RunAsync(verb => (verb.Action, verb.Id, verb.Consumer, verb.Scopes) = ("create", "a", "acme", "read"));
        await RunAsync(verb => (verb.Action, verb.Id, verb.Expires) = ("create", "b", "1s"));
        await RunAsync(verb => (verb.Action, verb.Id) = ("create", "c"));
        await RunAsync(verb => (verb.Action, verb.Key) = ("revoke", "c"));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await RunAsync(verb => verb.Action = "list"), Is.Zero);
        Assert.That(_out, Is.EqualTo(
            "ID  FOR   PLAN  ROLES  SCOPES  EXPIRES               STATE\n" +
            "a   acme  -     -      read    never                 valid\n" +
            "b   b     -     -      -       2026-01-01T00:00:01Z  expired\n" +
            "c   c     -     -      -       never                 revoked\n"));
    }

    [TestCase("revoke", "aa", "no key is called 'aa' in {0}; did you mean 'a'?")]
    [TestCase("revoke", null, "which key? lb keys revoke ID --file {0}; lb keys list shows the ids")]
    [TestCase("list", "a", "'a' was not expected")]
    [TestCase("create", "a", "'a' was not expected; the id of a new key is --id")]
    [TestCase("creat", null, "unknown action 'creat'; did you mean 'create'?; there are create, list, rotate and revoke")]
    public async Task What_cannot_be_done_is_told(string action, string? key, string why)
    {
        await RunAsync(verb => (verb.Action, verb.Id) = ("create", "a"));
        var before = File.ReadAllText(Path);
        Assert.That(await RunAsync(verb => (verb.Action, verb.Key) = (action, key)), Is.EqualTo(1));
        Assert.That((_error, File.ReadAllText(Path)), Is.EqualTo(($"lb: {string.Format(null, why, Path)}\n", before)));
    }

    [TestCase("id", "a", "a key is called 'a' already")]
    [TestCase("id", "a_b", "'--id' expects letters, digits, dots and hyphens")]
    [TestCase("plan", "a b", "the name of a plan, not 'a b'")]
    [TestCase("consumer", "a b", "the name of an entry of 'consumers', not 'a b'")]
    [TestCase("roles", "a,,b", "'--roles' expects")]
    [TestCase("expires", "soon", "--expires expects a duration such as 90d")]
    [TestCase("expires", "2027-01-01", "the beginning of that day is 2027-01-01T00:00:00Z")]
    [TestCase("expires", "2025-01-01T00:00:00Z", "is in the past")]
    public async Task An_option_that_makes_no_sense_is_told_and_changes_nothing(string option, string value, string why)
    {
        await RunAsync(verb => (verb.Action, verb.Id) = ("create", "a"));
        var before = File.ReadAllText(Path);
        var code = await RunAsync(verb =>
        {
            verb.Action = "create";
            _ = option switch { "id" => verb.Id = value, "plan" => verb.Plan = value, "consumer" => verb.Consumer = value, "roles" => verb.Roles = value, _ => verb.Expires = value };
        });
        Assert.That((code, _out, File.ReadAllText(Path)), Is.EqualTo((1, "", before)));
        Assert.That(_error, Does.Contain(why));
        Assert.That(Directory.GetFiles(_folder[""]), Has.Length.EqualTo(1), "nothing is left behind");
    }

    [Test]
    public async Task A_broken_file_is_not_touched_and_its_errors_are_told()
    {
        File.WriteAllText(Path, "- id: a\n  hash: lbk_a_this_is_a_key\n");
        Assert.That(await RunAsync(verb => verb.Action = "create"), Is.EqualTo(1));
        Assert.That(_error, Does.StartWith($"lb: {Path}:2:9: 'hash' expects the SHA-256 of a key").And.Not.Contain("this_is_a_key"));
        Assert.That(await RunAsync(verb => verb.Action = "list", "/none/keys.yaml"), Is.EqualTo(1));
        Assert.That(_error, Is.EqualTo("lb: cannot read /none/keys.yaml: no such file\n"));
    }

    [Test]
    public async Task Two_at_a_time_do_not_lose_a_key_and_a_link_stays_one()
    {
        await RunAsync(verb => (verb.Action, verb.Id) = ("create", "a"));
        File.WriteAllText(Path + ".new", "");
        Assert.That(await RunAsync(verb => (verb.Action, verb.Id) = ("create", "b")), Is.EqualTo(1));
        Assert.That(_error, Does.Contain("keys.yaml.new is there: another lb is changing"));
        File.Delete(Path + ".new");
        File.CreateSymbolicLink(_folder["link"], Path);
        Assert.That(await RunAsync(verb => (verb.Action, verb.Id) = ("create", "b"), _folder["link"]), Is.Zero);
        Assert.That((File.ResolveLinkTarget(_folder["link"], false)?.FullName, Keys().Count()), Is.EqualTo((Path, 2)));
    }

    [Test]
    public async Task The_command_line_is_lb_keys()
    {
        using var writer = new StringWriter();
        using var errors = new StringWriter();
        Assert.That(await new Shell(new Terminal(writer, errors, _ => null)).RunAsync(["keys", "create", "--file", Path, "--id", "a"]), Is.Zero);
        Assert.That(await new Shell(new Terminal(writer, errors, _ => null)).RunAsync(["keys", "rotate", "a", "-f", Path, "--overlap", "24h"]), Is.Zero);
        Assert.That(Keys().Count(), Is.EqualTo(2));
        Assert.That(await new Shell(new Terminal(writer, errors, _ => null)).RunAsync(["keys", "list"]), Is.EqualTo(2));
        Assert.That(errors.ToString(), Does.Contain("file"));
    }

    private IEnumerable<ApiKeyRecord> Keys()
    {
        var file = KeyFileText.Parse(Path, File.ReadAllText(Path), out var errors);
        Assert.That(errors, Is.Empty);
        return file!.Keys;
    }

    private async Task<int> RunAsync(Action<KeysVerb> say, string? path = null)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var verb = new KeysVerb { Path = path ?? Path, Time = _time };
        say(verb);
        var code = await verb.RunAsync(new Terminal(output, errors, _ => null));
        (_out, _error) = (output.ToString(), errors.ToString());
        return code;
    }
}

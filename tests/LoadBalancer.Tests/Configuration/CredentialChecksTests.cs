using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Tests.Configuration;

internal sealed class CredentialChecksTests
{
    private const string Rest =
        "listeners: {web: {bind: \"127.0.0.1:0\", http: {routes: [{upstream: up, auth: p}]}}}\nupstreams: {up: {endpoints: [\"127.0.0.1:1\"]}}\n";

    private const string Hash = "\"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"";

    private ConfigFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new ConfigFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Keys_of_consumers_and_of_a_file_load()
    {
        _folder.With("keys.yaml", $"- {{id: a, hash: \"sha256:{new string('1', 64)}\", consumer: acme}}\n");
        Assert.That(Errors($"auth: {{p: {{api_key: {{file: {_folder["keys.yaml"]}}}}}}}\nconsumers: {{acme: {{api_keys: {Hash}, plan: pro}}}}\n"), Is.Empty);
        var consumer = _folder.Load().Options!.Consumers["acme"];
        Assert.That((consumer.ApiKeys.Single().ToString(), consumer.Plan), Is.EqualTo((Hash.Trim('"'), "pro")));
    }

    [Test]
    public void An_empty_key_file_is_one_without_keys()
    {
        _folder.With("keys.yaml", "# none yet\n");
        Assert.That(Errors($"auth: {{p: {{api_key: {{file: {_folder["keys.yaml"]}}}}}}}\n"), Is.Empty);
    }

    [Test]
    public void A_key_is_one_callers() => Assert.That(
        Errors($"auth: {{p: {{api_key: }}}}\nconsumers:\n  one: {{api_keys: [{Hash}, \"sha256:{new string('1', 64)}\"]}}\n  two: {{api_keys: {Hash}}}\n  three: {{api_keys: [{Hash}]}}\n"),
        Is.EqualTo(new[] { "lb.yaml:6:19: the same key stands at lb.yaml:5:20 already: a key is one caller's", "lb.yaml:7:22: the same key stands at lb.yaml:5:20 already: a key is one caller's" }));

    [Test]
    public void What_is_no_hash_is_told_and_not_shown()
    {
        var errors = Errors("auth: {p: {api_key: }}\nconsumers: {acme: {api_keys: [lbk_a_secretsecret, \"sha256:12\"]}}\n");
        Assert.That(errors, Has.Length.EqualTo(2));
        Assert.That(errors[0], Does.StartWith("lb.yaml:4:31: 'api_keys' expects the SHA-256 of a key").And.Not.Contain("secretsecret"));
        Assert.That(errors[1], Does.StartWith("lb.yaml:4:51: 'api_keys' expects the SHA-256 of a key").And.EndWith("has 2 characters behind 'sha256:', or some that are no hexadecimal digits"));
    }

    [Test]
    public void A_provider_for_which_no_key_is_right_is_an_error() => Assert.That(
        Errors("auth: {p: {api_key: {header: X-Key}}}\n"),
        Is.EqualTo(new[] { "lb.yaml:3:21: no key is right for 'p': give it a 'file', which 'lb keys create' makes, or give an entry of 'consumers' its 'api_keys'" }));

    [Test]
    public void Keys_that_nobody_asks_for_are_a_warning()
    {
        _folder.With("htpasswd", "").With("lb.yaml", $"{Rest}auth: {{p: {{basic: {{htpasswd: {_folder["htpasswd"]}}}}}}}\nconsumers: {{acme: {{api_keys: {Hash}}}}}\n");
        var result = _folder.Load();
        Assert.That((_folder.Lines(result.Errors), _folder.Lines(result.Warnings)), Is.EqualTo((
            Array.Empty<string>(), new[] { "lb.yaml:4:30: no entry of 'auth' is of the kind 'api_key': nobody asks for these keys" })));
    }

    [Test]
    public void The_errors_of_a_key_file_have_their_place_in_it()
    {
        _folder.With("keys.yaml", $$"""
            - {id: a, hash: {{Hash}}, consumer: acmee}
            - id: a
              hash: {{Hash}}
            - id: b_c
              hash: "sha256:{{new string('2', 64)}}"
            - id: d
            - id: e
              hash: lbk_e_secretsecret
              expire: 2027-01-01T00:00:00Z
            - id: f
              hash: "sha256:{{new string('3', 64)}}"
              expires: tomorrow
              consumer: acme
              subject: jo
            - text
            - id: g
              hash: "sha256:{{new string('1', 64)}}"
            """);
        Assert.That(
            Errors($"auth: {{p: {{api_key: {{file: {_folder["keys.yaml"]}}}}}}}\nconsumers: {{acme: {{api_keys: \"sha256:{new string('1', 64)}\"}}}}\n"),
            Is.EqualTo(new[]
            {
                "keys.yaml:1:102: no consumer is called 'acmee' in lb.yaml; did you mean 'acme'?; for somebody who is none write 'subject'",
                "keys.yaml:2:7: a key is called 'a' already, at keys.yaml:1:3",
                "keys.yaml:3:9: the same key stands at keys.yaml:1:3 already",
                "keys.yaml:4:7: 'id' expects letters, digits, dots and hyphens such as k7m2q9, not 'b_c'",
                "keys.yaml:6:3: 'a key' needs the key 'hash': the SHA-256 of a key, as 'lb keys create' writes it: sha256: and 64 hexadecimal digits",
                "keys.yaml:8:9: 'hash' expects the SHA-256 of a key, as 'lb keys create' writes it: sha256: and 64 hexadecimal digits; what stands here is not shown, since it may be a key: a file never holds one (printf %s KEY | sha256sum gives the digits)",
                "keys.yaml:9:3: unknown key 'expire' in a key; did you mean 'expires'?",
                "keys.yaml:12:12: 'expires' expects never or a time with its offset such as 2027-01-31T12:00:00Z, not 'tomorrow'",
                "keys.yaml:15:3: a key is a map with 'id' and 'hash', not a text",
                "keys.yaml:17:9: the same key is one of the 'api_keys' of the consumer 'acme' in lb.yaml: leave it in one place",
            }));
    }

    [TestCase("keys: []\n", "keys.yaml:1:1: the file expects a list, whose items begin with '- ', not a map")]
    [TestCase("- &a {id: b}\n", "keys.yaml:1:3: anchors")]
    [TestCase("- id: a\n- [\n", "not valid YAML")]
    public void What_is_no_key_file_is_told(string text, string why)
    {
        _folder.With("keys.yaml", text);
        Assert.That(Errors($"auth: {{p: {{api_key: {{file: {_folder["keys.yaml"]}}}}}}}\n").Single(), Does.Contain(why));
    }

    [Test]
    public void A_file_that_cannot_be_read_is_an_error_where_it_is_named()
    {
        Assert.That(Errors("auth: {p: {api_key: {file: /none/keys.yaml}}}\n"), Is.EqualTo(new[] { "lb.yaml:3:28: cannot read /none/keys.yaml: no such file" }));
        Assert.That(Errors($"auth: {{p: {{basic: {{htpasswd: {_folder["."]}}}}}}}\n").Single(), Does.StartWith("lb.yaml:3:30: cannot read ").And.EndsWith(": it is a directory"));
        File.WriteAllBytes(_folder["htpasswd"], [(byte)'a', (byte)':', 0xff]);
        Assert.That(Errors($"auth: {{p: {{basic: {{htpasswd: {_folder["htpasswd"]}}}}}}}\n").Single(), Does.EndWith("htpasswd: it is not UTF-8 text: byte 3 is wrong"));
    }

    [Test]
    public void The_errors_of_an_htpasswd_file_have_their_line()
    {
        _folder.With("htpasswd", "# us\nalice:secretsecret\n");
        Assert.That(
            Errors($"auth: {{p: {{basic: {{htpasswd: {_folder["htpasswd"]}}}}}}}\n").Single(),
            Does.StartWith("htpasswd:2:1: the hash of 'alice' is no hash that lb knows").And.EndsWith("set the password anew by 'htpasswd -B' or 'mkpasswd -m yescrypt'").And.Not.Contain("secretsecret"));
    }

    [Test]
    public void Two_claims_do_not_go_into_one_field_and_none_into_a_field_of_lbs_own()
    {
        _folder.With("keys.yaml", "");
        Assert.That(
            Errors($"auth: {{p: {{api_key: {{file: {_folder["keys.yaml"]}, forward: {{subject: X-Who, plan: x_who}}}}}}}}\n").Single(),
            Does.EndWith(": 'subject' goes into 'x_who' already"));
        Assert.That(Errors($"auth: {{p: {{api_key: {{file: {_folder["keys.yaml"]}, forward: {{subject: Host}}}}}}}}\n").Single(), Does.Contain("not 'Host'"));
        Assert.That(Errors($"auth: {{p: {{api_key: {{file: {_folder["keys.yaml"]}, forward: {{name: X-Who}}}}}}}}\n").Single(), Does.Contain("one of subject, plan, roles, scopes, key_id"));
    }

    [Test]
    public void A_check_without_secrets_looks_at_no_file()
    {
        _folder.With("lb.yaml", $"{Rest}auth: {{p: {{basic: {{htpasswd: /none}}}}}}\n");
        Assert.That(_folder.Load(new LoadSettings { WithoutSecrets = true }).Errors, Is.Empty);
    }

    private string[] Errors(string auth)
    {
        _folder.With("lb.yaml", Rest + auth);
        return _folder.Errors();
    }
}

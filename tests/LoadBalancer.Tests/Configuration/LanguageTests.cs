using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Tests.Configuration;

/// <summary>
/// The whole language as it was designed, snippet by snippet: what the program reads already loads, and a key of later
/// work is an unknown key. Whoever adds a key takes it off the list here.
/// </summary>
internal sealed class LanguageTests
{
    [Test]
    public void The_process_is_read_but_for_keys_of_later_work() => Expect(
        "process", [], "'${credential:admin}': CREDENTIALS_DIRECTORY is not set; systemd sets it for a unit with LoadCredential=");

    [Test]
    public void Listeners_are_read_but_for_keys_of_later_work() => Expect(
        "listeners", ["acme"],
        "cannot read /etc/lb/api.pem: no such file", "cannot read /etc/lb/api.key: no such file", "cannot read /etc/lb/clients.pem: no such file", "cannot read /etc/lb/tickets: no such file");

    [Test]
    public void Routes_are_read_whole() => Expect("routes", []);

    [Test]
    public void Upstreams_are_read_but_for_keys_of_later_work() => Expect(
        "upstreams",
        [
            "zone",
        ],
        "cannot use /etc/lb/internal.pem: no such file", "'cert' expects none or an absolute path such as /var/log/lb/access.json, not '…'",
        "'key' expects none or an absolute path such as /var/log/lb/access.json, not '…'");

    [Test]
    public void Identity_and_limits_are_read_whole() => Expect(
        "identity",
        [],
        "cannot read /etc/lb/keys.yaml: no such file", "cannot read /etc/lb/htpasswd: no such file",
        "'${credential:okta}': CREDENTIALS_DIRECTORY is not set; systemd sets it for a unit with LoadCredential=",
        "'url' expects a URL that begins with https:// or http:// such as https://issuer.example.com/keys, not '…'",
        "'client_secret' is a secret, which does not stand in the file itself: write a reference to a secret of 16 to 512 visible ASCII characters, such as \"${credential:admin}\"",
        "'http://auth.internal/check' begins with http://, where everybody on the way can read and change what is said; write https://, or 'allow_http: true' beside it",
        "'api_keys' expects the SHA-256 of a key, as 'lb keys create' writes it: sha256: and 64 hexadecimal digits; what stands here has 1 characters behind 'sha256:', or some that are no hexadecimal digits");

    private static void Expect(string snippet, string[] unknown, params string[] others)
    {
        var path = Path.Combine(Clone.Root, "tests/LoadBalancer.Tests/Configuration/Fixtures/language", snippet + ".yaml");

        var errors = GatewayFile.Load(path, _ => null, new LoadSettings { Fragment = true }).Errors.Select(error => error.Message).ToArray();

        Assert.Multiple(() =>
        {
            Assert.That(errors.Where(error => error.StartsWith("unknown key", StringComparison.Ordinal)).Select(error => error.Split('\'')[1]), Is.EqualTo(unknown));
            Assert.That(errors.Where(error => !error.StartsWith("unknown key", StringComparison.Ordinal)), Is.EqualTo(others));
        });
    }
}

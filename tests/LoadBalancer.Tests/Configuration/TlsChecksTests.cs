using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Tests.Tls;

namespace LoadBalancer.Daemon.Tests.Configuration;

internal sealed class TlsChecksTests
{
    private const string Upstreams = "upstreams: {up: {endpoints: [\"127.0.0.1:1\"]}}\n";

    private CertificateFolder _certificates = null!;

    [SetUp]
    public void MakeFolder() => _certificates = new CertificateFolder();

    [TearDown]
    public void RemoveFolder() => _certificates.Dispose();

    [Test]
    public void A_pair_that_belongs_together_loads()
    {
        var options = ConfigFolder.OptionsOf(Text(_certificates.Write("a", "a.example")));
        Assert.That(options.Listeners["web"].Tls!.Certificates[0].Cert, Is.EqualTo(_certificates["a.pem"]));
    }

    [Test]
    public void An_error_is_where_the_file_is_named_in_a_list_too()
    {
        _certificates.Write("a", "a.example");
        Assert.That(Errors($"[\n    {_certificates.ItemOf("a")},\n    {{cert: /none.pem, key: /none.key}}]"), Is.EqualTo(new[]
        {
            "lb.yaml:4:12: cannot read /none.pem: no such file",
            "lb.yaml:4:28: cannot read /none.key: no such file",
        }));
    }

    [Test]
    public void An_error_is_where_the_file_is_named()
    {
        _certificates.Write("a", "a.example");
        _certificates.Write("b", "a.example");
        var (cert, key) = (_certificates["a.pem"], _certificates["b.key"]);
        Assert.That(
            Errors($"\n    {{cert: {cert}, key: {key}}}"),
            Is.EqualTo(new[]
            {
                $"lb.yaml:3:{19 + cert.Length}: the private key in {key} does not belong to the certificate in {cert}; one of them is of another time, or the certificate is not the first in its file",
            }));
    }

    [Test]
    public void What_works_all_the_same_is_a_warning()
    {
        _certificates.Write("a", -3, "a.example");
        using var folder = new ConfigFolder().With("lb.yaml", Text(_certificates.ItemOf("a")));
        var result = folder.Load();
        Assert.That(result.Errors, Is.Empty);
        Assert.That(folder.Lines(result.Warnings).Single(), Does.StartWith("lb.yaml:2:").And.Contains("expired on"));
    }

    [Test]
    public void What_the_engine_refuses_is_found_by_a_check()
    {
        using var weak = RSA.Create(1024);
        var request = new CertificateRequest("CN=a.example", weak, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        _certificates.Write("a", certificate);
        using var folder = new ConfigFolder().With("lb.yaml", Text(_certificates.ItemOf("a")));
        Assert.That(folder.Errors(), Is.EqualTo(new[] { $"lb.yaml:2:58: {_certificates["a.pem"]} is no use: ee key too small" }));
    }

    [Test]
    public void Without_secrets_no_file_is_looked_at()
    {
        using var folder = new ConfigFolder().With("lb.yaml", Text("{cert: /none.pem, key: /none.key}"));
        Assert.That(folder.Load(new LoadSettings { WithoutSecrets = true }).Errors, Is.Empty);
    }

    [Test]
    public void Passthrough_and_termination_exclude_each_other() =>
        Assert.That(
            ConfigFolder.ErrorsOf($"listeners:\n  web: {{bind: \":8\", tls: {{certificates: {_certificates.Write("a", "a.example")}}},\n    tcp: {{sni: {{\"a.example\": up}}}}}}\n{Upstreams}"),
            Is.EqualTo(new[] { "lb.yaml:3:11: 'sni' routes TLS that lb does not decrypt, and with 'tls' it decrypts: leave one of them out" }));

    [Test]
    public void A_unix_socket_may_speak_tls() =>
        Assert.That(ConfigFolder.ErrorsOf(Text(_certificates.Write("a", "a.example")).Replace(":8", "unix:/run/x.sock", StringComparison.Ordinal)), Is.Empty);

    [TestCase("client_certificates: {mode: optional}", "needs the key 'ca'")]
    [TestCase("client_certificates: {ca: /none.pem}", "cannot read /none.pem: no such file")]
    [TestCase("ticket_keys: /none", "cannot read /none: no such file")]
    [TestCase("min_version: 1.1", "expects one of 1.2, 1.3")]
    [TestCase("max_handshakes: 0", "expects")]
    public void Its_other_keys_are_checked(string key, string error) =>
        Assert.That(ConfigFolder.ErrorsOf(Text($"{_certificates.Write("a", "a.example")}, {key}")).Single(), Does.Contain(error));

    private static string Text(string certificates) => $"listeners:\n  web: {{bind: \":8\", http: up, tls: {{certificates: {certificates}}}}}\n{Upstreams}";

    private static string[] Errors(string certificates) => ConfigFolder.ErrorsOf(Text(certificates));
}

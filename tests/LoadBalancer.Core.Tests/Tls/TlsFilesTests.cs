using System.Security.Cryptography;
using LoadBalancer.Tls;

namespace LoadBalancer.Tests.Tls;

internal sealed class TlsFilesTests
{
    private CertificateFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new CertificateFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void A_pair_is_read_with_its_names_in_lower_case()
    {
        _folder.Write("a", "A.example", "*.b.example", "10.0.0.1");
        var material = Read(out var faults);
        Assert.That(faults, Is.Empty);
        Assert.That(material!.Certificates[0].Names, Is.EqualTo(new[] { "a.example", "*.b.example", "10.0.0.1" }));
        Assert.That(material.Certificates[0].KeyKind, Is.EqualTo("ecdsa"));
    }

    [Test]
    public void Certificate_and_key_may_share_a_file()
    {
        _folder.Write("a", "a.example");
        File.AppendAllText(_folder["a.pem"], "\n" + File.ReadAllText(_folder["a.key"]));
        var material = Read(new CertificateOptions(_folder["a.pem"], _folder["a.pem"]), out var faults);
        Assert.That((faults, material?.Certificates.Length), Is.EqualTo((Array.Empty<string>(), 1)));
    }

    [Test]
    public void A_file_that_is_not_there_is_named()
    {
        Assert.That(Read(out var faults), Is.Null);
        Assert.That(faults, Is.EqualTo(new[] { $"certificates.0.cert: cannot read {_folder["a.pem"]}: no such file", $"certificates.0.key: cannot read {_folder["a.key"]}: no such file" }));
    }

    [Test]
    public void A_file_without_a_certificate_says_what_it_should_have()
    {
        _folder.Write("a", "a.example");
        File.Copy(_folder["a.key"], _folder["a.pem"], overwrite: true);
        Assert.That(Read(out var faults), Is.Null);
        Assert.That(faults.Single(), Does.StartWith("certificates.0.cert: there is no certificate in").And.EndsWith("it holds a private key, which belongs under 'key'"));
    }

    [Test]
    public void A_file_without_a_key_says_what_it_should_have()
    {
        _folder.Write("a", "a.example");
        File.Copy(_folder["a.pem"], _folder["a.key"], overwrite: true);
        Assert.That(Read(out var faults), Is.Null);
        Assert.That(faults.Single(), Does.StartWith("certificates.0.key: there is no private key in"));
    }

    [Test]
    public void A_key_with_a_password_is_refused_with_what_to_do()
    {
        _folder.Write("a", "a.example");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(_folder["a.key"], key.ExportEncryptedPkcs8PrivateKeyPem("x", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1)));
        Assert.That(Read(out var faults), Is.Null);
        Assert.That(faults.Single(), Does.StartWith("certificates.0.key: the private key in").And.Contains("has a password").And.Contains("openssl pkey -in"));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void A_key_of_another_certificate_is_refused(bool rsa)
    {
        _folder.Write("b", "a.example");
        _ = rsa ? _folder.WriteRsa("a", "a.example") : _folder.Write("a", "a.example");
        File.Move(_folder["b.key"], _folder["a.key"], overwrite: true);
        Assert.That(Read(out var faults), Is.Null);
        Assert.That(faults.Single(), Does.StartWith("certificates.0.key: the private key in").And.Contains("does not belong to the certificate in"));
    }

    [Test]
    public void An_expired_certificate_is_a_warning()
    {
        _folder.Write("a", -1, "a.example");
        Assert.That(Read(out var faults), Is.Not.Null);
        Assert.That(faults.Single(), Does.StartWith("certificates.0.cert: the certificate in").And.Contains("expired on").And.EndsWith("(warning)"));
    }

    [Test]
    public void A_name_in_the_subject_alone_is_a_warning_and_counts()
    {
        using var certificate = _folder.Authority.IssueRsa(30, "Old.example");
        _folder.Write("a", certificate);
        Assert.That(Read(out var faults)!.Certificates[0].Names, Is.EqualTo(new[] { "old.example" }));
        Assert.That(faults.Single(), Does.Contain("only in its subject").And.EndsWith("(warning)"));
    }

    [Test]
    public void A_certificate_for_nobody_is_refused()
    {
        using var certificate = _folder.Authority.IssueRsa(30, "Some Company");
        _folder.Write("a", certificate);
        Assert.That(Read(out var faults), Is.Null);
        Assert.That(faults.Single(), Does.Contain("is for no name"));
    }

    [Test]
    public void A_key_that_everybody_may_read_is_a_warning()
    {
        _folder.Write("a", "a.example");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_folder["a.key"], UnixFileMode.UserRead | UnixFileMode.OtherRead);
        }

        Assert.That(Read(out var faults), Is.Not.Null);
        Assert.That(faults.Single(), Does.Contain("everybody on this machine may read").And.EndsWith("(warning)"));
    }

    [Test]
    public void A_missing_staple_is_a_warning_and_a_wrong_one_an_error()
    {
        _folder.Write("a", "a.example");
        var options = new CertificateOptions(_folder["a.pem"], _folder["a.key"]) { Ocsp = _folder["a.ocsp"] };
        Assert.That(Read(options, out var missing)?.Certificates[0].Staple, Is.Null);
        File.WriteAllText(_folder["a.ocsp"], "hello");
        Assert.That(Read(options, out var wrong), Is.Null);
        File.WriteAllBytes(_folder["a.ocsp"], [0x30, 0x03, 0x0a, 0x01, 0x06]);
        Assert.That(Read(options, out var error), Is.Null);
        File.WriteAllBytes(_folder["a.ocsp"], [0x30, 0x03, 0x0a, 0x01, 0x00]);
        Assert.That(Read(options, out var good)?.Certificates[0].Staple, Has.Length.EqualTo(5));
        Assert.That(missing.Single(), Does.EndWith("(warning)"));
        Assert.That(wrong.Single(), Does.Contain("holds no OCSP response in DER"));
        Assert.That(error.Single(), Does.Contain("is an error of the responder's"));
        Assert.That(good, Is.Empty);
    }

    [Test]
    public void Ticket_keys_are_read_as_openssl_breaks_them_and_in_one_line()
    {
        _folder.Write("a", "a.example");
        var text = Convert.ToBase64String(Loopback.Pattern(80));
        _folder.Replace("keys", $"# the current one\n{text[..64]}\n{text[64..]}\n\n{text}\n");
        var material = Read(Options() with { TicketKeys = _folder["keys"] }, out var faults);
        Assert.That(faults, Is.Empty);
        Assert.That(material!.TicketKeys.Select(key => key.Text), Is.EqualTo(new[] { text, text }));
    }

    [TestCase("", "there is no key in")]
    [TestCase("aGVsbG8=\n", "line 1 of")]
    [TestCase("0123456789012345678901234567890123456789012345678901234567890123\n", "the last key in")]
    public void Ticket_keys_that_are_none_are_refused(string text, string message)
    {
        _folder.Write("a", "a.example");
        _folder.Replace("keys", text);
        Assert.That(Read(Options() with { TicketKeys = _folder["keys"] }, out var faults), Is.Null);
        Assert.That(faults.Single(), Does.StartWith($"ticket_keys: {message}").And.Contains("openssl rand -base64 80"));
    }

    [Test]
    public void Authorities_of_clients_are_read_only_where_clients_are_asked()
    {
        _folder.Write("a", "a.example");
        var client = new ClientCertificateOptions(_folder["nobody.pem"]);
        Assert.That(Read(Options() with { ClientCertificates = client with { Mode = ClientCertificateMode.Off } }, out _), Is.Not.Null);
        Assert.That(Read(Options() with { ClientCertificates = client }, out var faults), Is.Null);
        Assert.That(faults.Single(), Does.StartWith("client_certificates.ca: cannot read"));
        Assert.That(Read(Options() with { ClientCertificates = client with { Ca = _folder.CaPath } }, out _)?.ClientAuthoritiesPem, Is.Not.Empty);
    }

    private TlsMaterial? Read(out string[] faults) => Read(Options(), out faults);

    private static TlsMaterial? Read(CertificateOptions certificate, out string[] faults) => Read(new TlsOptions { Certificates = [certificate] }, out faults);

    private static TlsMaterial? Read(TlsOptions options, out string[] faults)
    {
        var files = new TlsFiles(TimeProvider.System.GetUtcNow());
        var material = files.Read(options);
        faults = [.. files.Faults.Select(fault => $"{string.Join('.', fault.Path)}: {fault.Message}{(fault.IsWarning ? " (warning)" : "")}")];
        return material;
    }

    private TlsOptions Options() => new() { Certificates = [new CertificateOptions(_folder["a.pem"], _folder["a.key"])] };
}

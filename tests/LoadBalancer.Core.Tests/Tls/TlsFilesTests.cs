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
        _folder.Replace("a.pem", File.ReadAllText(_folder["a.pem"]) + "\n" + File.ReadAllText(_folder["a.key"]));
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
    public void A_key_that_everybody_may_read_is_a_warning([Values] bool shares)
    {
        _folder.Write("a", "a.example");
        if (shares)
        {
            _folder.Replace("a.key", File.ReadAllText(_folder["a.pem"]) + "\n" + File.ReadAllText(_folder["a.key"]));
        }

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_folder["a.key"], UnixFileMode.UserRead | UnixFileMode.OtherRead);
        }

        Assert.That(Read(new CertificateOptions(_folder[shares ? "a.key" : "a.pem"], _folder["a.key"]), out var faults), Is.Not.Null);
        Assert.That(faults.Single(), Does.Contain("everybody on this machine may read").And.EndsWith("(warning)"));
    }

    [Test]
    public void A_staple_that_is_missing_broken_or_of_another_certificate_is_a_warning_and_is_not_shown()
    {
        var serial = _folder.WriteWithSerial("a", "a.example");
        var options = new CertificateOptions(_folder["a.pem"], _folder["a.key"]) { Ocsp = _folder["a.ocsp"] };
        var now = TimeProvider.System.GetUtcNow();
        Assert.That(Without(null), Does.Contain("there is no file"));
        Assert.That(Without("hello"u8.ToArray()), Does.Contain("is none in DER"));
        Assert.That(Without([]), Does.Contain("is none in DER"));
        Assert.That(Without([0x30, 0x03, 0x0a, 0x01, 0x06]), Does.Contain("is an error of the responder's"));
        Assert.That(Without(Staples.Of([1, 2, 3], now, now.AddDays(1))), Does.Contain("is for another certificate"));
        Assert.That(Without(Staples.Of(serial, now.AddDays(-7), now.AddSeconds(-1))), Does.Contain("ended on"));
        var good = Staples.Of(serial, now, now.AddDays(1));
        File.WriteAllBytes(_folder["a.ocsp"], good);
        var material = Read(options, out var faults);
        Assert.That(faults, Is.Empty);
        Assert.That(material!.Certificates[0].Staple, Is.EqualTo(good));
        Assert.That(material.Certificates[0].StapleEnd, Is.EqualTo(now.AddDays(1)).Within(TimeSpan.FromSeconds(1)));
        File.WriteAllBytes(_folder["a.ocsp"], Staples.Of(serial, now, null));
        Assert.That(Read(options, out _)!.Certificates[0], Has.Property("Staple").Not.Null.And.Property("StapleEnd").Null);

        string Without(byte[]? response)
        {
            if (response is not null)
            {
                File.WriteAllBytes(_folder["a.ocsp"], response);
            }

            Assert.That(Read(options, out var warnings)!.Certificates[0].Staple, Is.Null);
            Assert.That(warnings.Single(), Does.StartWith("certificates.0.ocsp: ").And.Contains("shown without").And.EndsWith("(warning)"));
            return warnings.Single();
        }
    }

    [Test]
    public void A_staple_that_breaks_leaves_the_one_before_until_that_ends()
    {
        var serial = _folder.WriteWithSerial("a", "a.example");
        var options = new TlsOptions { Certificates = [new CertificateOptions(_folder["a.pem"], _folder["a.key"]) { Ocsp = _folder["a.ocsp"] }] };
        var now = TimeProvider.System.GetUtcNow();
        var good = Staples.Of(serial, now, now.AddDays(1));
        File.WriteAllBytes(_folder["a.ocsp"], good);
        var running = new TlsFiles(now).Read(options)!;
        File.WriteAllText(_folder["a.ocsp"], "hello");
        var kept = new TlsFiles(now).Read(options, running)!;
        Assert.That((kept.Certificates[0].Staple, kept.MakesTheSameAs(running)), Is.EqualTo((good, true)));
        Assert.That(kept.Warnings.Single(), Does.EndWith("the one before stays until it ends"));
        Assert.That(new TlsFiles(now.AddDays(2)).Read(options, running)!.Certificates[0].Staple, Is.Null, "it has ended");
        _folder.WriteWithSerial("a", "a.example");
        Assert.That(new TlsFiles(now).Read(options, running)!.Certificates[0].Staple, Is.Null, "it is of the certificate before");
    }

    [Test]
    public void What_is_no_use_leaves_what_was_read_before_and_keeps_nothing_else_from_being_read()
    {
        _folder.Write("a", "a.example");
        _folder.Write("b", "b.example");
        var options = new TlsOptions
        {
            Certificates = [new CertificateOptions(_folder["a.pem"], _folder["a.key"]), new CertificateOptions(_folder["b.pem"], _folder["b.key"])],
            ClientCertificates = new ClientCertificateOptions(_folder.CaPath),
            TicketKeys = _folder.WriteTicketKeys("keys", 1),
        };
        var now = TimeProvider.System.GetUtcNow();
        var running = new TlsFiles(now).Read(options)!;
        File.Delete(_folder["a.pem"]);
        File.Delete(_folder.CaPath);
        _folder.Replace("keys", "garbage");
        _folder.Write("b", "new.example");
        var files = new TlsFiles(now);
        var material = files.Read(options, running)!;
        Assert.That(material.Certificates.SelectMany(certificate => certificate.Names), Is.EqualTo(new[] { "a.example", "new.example" }));
        Assert.That((material.ClientAuthoritiesPem, material.HasTicketKeysOf(running)), Is.EqualTo((running.ClientAuthoritiesPem, true)));
        Assert.That(files.Faults.Count(fault => !fault.IsWarning), Is.EqualTo(3));
    }

    [Test]
    public void A_certificate_of_more_names_than_are_looked_up_is_a_warning()
    {
        _folder.Write("a", [.. Enumerable.Range(0, 1001).Select(at => $"h{at}.example")]);
        Assert.That(Read(out var faults)!.Certificates[0].Names, Has.Count.EqualTo(1000));
        Assert.That(faults.Single(), Does.Contain("more than 1000 names").And.EndsWith("(warning)"));
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

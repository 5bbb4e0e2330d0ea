using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Tls;

namespace LoadBalancer.Tests.Tls;

internal sealed class PeerCertificateTests
{
    [Test]
    public void Says_what_the_certificate_says()
    {
        using var certificate = Make("CN=meter-7, OU=west, OU=field, O=\"Acme, Inc.\"", names =>
        {
            names.AddDnsName("meter-7.example");
            names.AddUri(new Uri("spiffe://example/meter/7"));
            names.AddEmailAddress("meter@example.com");
            names.AddDnsName("other.example");
        });
        var peer = new PeerCertificate(certificate);
        Assert.Multiple(() =>
        {
            Assert.That(peer.CommonNames, Is.EqualTo(new[] { "meter-7" }));
            Assert.That(peer.Organizations, Is.EqualTo(new[] { "Acme, Inc." }));
            Assert.That(peer.OrganizationalUnits, Is.EquivalentTo(new[] { "west", "field" }));
            Assert.That(peer.SubjectName.Single(), Does.Contain("CN=meter-7").And.Contain("O=\"Acme, Inc.\""));
            Assert.That(peer.IssuerName, Is.EqualTo(peer.SubjectName));
            Assert.That(peer.DnsNames, Is.EqualTo(new[] { "meter-7.example", "other.example" }));
            Assert.That(peer.UriNames, Is.EqualTo(new[] { "spiffe://example/meter/7" }));
            Assert.That(peer.EmailNames, Is.EqualTo(new[] { "meter@example.com" }));
            Assert.That(peer.Fingerprint, Is.EqualTo(Convert.ToHexString(SHA256.HashData(certificate.RawData)).ToLowerInvariant()));
            Assert.That(peer.SerialNumber, Does.Match("^[0-9a-f]+$"));
            Assert.That(peer.NotAfter, Is.EqualTo(new DateTimeOffset(certificate.NotAfter).ToUnixTimeSeconds()));
            Assert.That(peer.Der, Is.EqualTo(certificate.RawData));
        });
    }

    [Test]
    public void A_certificate_without_names_says_none()
    {
        using var certificate = Make("O=x", null);
        var peer = new PeerCertificate(certificate);
        Assert.That(new[] { peer.CommonNames, peer.OrganizationalUnits, peer.DnsNames, peer.UriNames, peer.EmailNames }, Is.All.Empty);
    }

    [Test]
    public void A_name_with_a_control_character_is_none()
    {
        using var certificate = Make("CN=\"good\0.evil\"", null);
        Assert.That(new PeerCertificate(certificate).CommonNames, Is.Empty);
    }

    [Test]
    public void Names_that_are_no_DER_are_none()
    {
        using var certificate = Make("CN=a", null, new X509Extension("2.5.29.17", [0x30, 0x7f, 0x82, 0x01], critical: false));
        Assert.That(new PeerCertificate(certificate).DnsNames, Is.Empty);
    }

    private static X509Certificate2 Make(string subject, Action<SubjectAlternativeNameBuilder>? names, X509Extension? extension = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        if (names is not null)
        {
            var builder = new SubjectAlternativeNameBuilder();
            names(builder);
            request.CertificateExtensions.Add(builder.Build());
        }

        if (extension is not null)
        {
            request.CertificateExtensions.Add(extension);
        }

        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}

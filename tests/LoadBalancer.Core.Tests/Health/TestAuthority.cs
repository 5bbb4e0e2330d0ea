using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LoadBalancer.Tests.Health;

/// <summary>A certificate authority of a test, and the certificates that it gives.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly X509Certificate2 _root;

    public TestAuthority(string name = "Test Root")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        _root = request.CreateSelfSigned(Now.AddYears(-5), Now.AddYears(5));
    }

    /// <summary>The authority's own certificate as PEM.</summary>
    public string Pem => _root.ExportCertificatePem();

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>A certificate with its key for host names and IP addresses, valid for the last year and so many days more.</summary>
    public X509Certificate2 Issue(int validDays, params ReadOnlySpan<string> names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Sign(new CertificateRequest("CN=endpoint", key, HashAlgorithmName.SHA256), X509SignatureGenerator.CreateForECDsa(_root.GetECDsaPrivateKey()!), validDays, names);
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>As <see cref="Issue"/>, with an RSA key, and without alternative names where there are none; the subject is <paramref name="subject"/>.</summary>
    public X509Certificate2 IssueRsa(int validDays, string subject, params ReadOnlySpan<string> names)
    {
        using var key = RSA.Create(2048);
        using var certificate = Sign(
            new CertificateRequest($"CN={subject}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), X509SignatureGenerator.CreateForECDsa(_root.GetECDsaPrivateKey()!), validDays, names);
        return certificate.CopyWithPrivateKey(key);
    }

    public void Dispose() => _root.Dispose();

    private X509Certificate2 Sign(CertificateRequest request, X509SignatureGenerator signature, int validDays, ReadOnlySpan<string> names)
    {
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var ip))
            {
                alternatives.AddIpAddress(ip);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        if (names.Length > 0)
        {
            request.CertificateExtensions.Add(alternatives.Build());
        }

        return request.Create(_root.SubjectName, signature, Now.AddYears(-1), Now.AddDays(validDays), RandomNumberGenerator.GetBytes(8));
    }
}

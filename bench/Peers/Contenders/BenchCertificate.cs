using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LoadBalancer.Peers.Contenders;

/// <summary>A certificate of a run's own, with a key on P-256, in the files that contenders want.</summary>
/// <param name="ChainFile">The certificate in PEM.</param>
/// <param name="KeyFile">Its key in PEM.</param>
/// <param name="CombinedFile">Both in one file.</param>
internal sealed record BenchCertificate(string ChainFile, string KeyFile, string CombinedFile)
{
    /// <summary>Makes one in <paramref name="folder"/>.</summary>
    public static BenchCertificate In(string folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=bench.example", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("bench.example");
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        var files = new BenchCertificate(Path.Combine(folder, "certificate.pem"), Path.Combine(folder, "key.pem"), Path.Combine(folder, "both.pem"));
        var (chain, secret) = (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(files.ChainFile, chain);
        File.WriteAllText(files.KeyFile, secret);
        File.WriteAllText(files.CombinedFile, $"{chain}\n{secret}\n");
        return files;
    }
}

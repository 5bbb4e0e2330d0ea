using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace LoadBalancer.Tls.Streams;

/// <summary>What SslStream wants, from PEM that was read before.</summary>
internal static class Pem
{
    /// <summary>A certificate to be shown, with its key and those above it.</summary>
    /// <exception cref="TlsSetupException">It is no use.</exception>
    public static SslStreamCertificateContext Certificate(byte[] chainPem, byte[] keyPem, string? source)
    {
        var chain = Encoding.ASCII.GetString(chainPem);
        try
        {
            var others = new X509Certificate2Collection();
            others.ImportFromPem(chain);
            return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(chain, Encoding.ASCII.GetString(keyPem)), others, offline: true);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new TlsSetupException(source, error is ArgumentException ? "the private key does not belong to the certificate" : error.Message);
        }
    }

    /// <summary>Whom to trust, and nothing is fetched: those in the PEM, or those of this machine where there is none.</summary>
    /// <exception cref="TlsSetupException">There is no certificate in it.</exception>
    public static X509ChainPolicy Trust(byte[]? authoritiesPem)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (authoritiesPem is null)
        {
            return policy;
        }

        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        try
        {
            policy.CustomTrustStore.ImportFromPem(Encoding.ASCII.GetString(authoritiesPem));
        }
        catch (CryptographicException error)
        {
            throw new TlsSetupException(null, error.Message);
        }

        return policy.CustomTrustStore.Count > 0 ? policy : throw new TlsSetupException(null, "there is no certificate in it");
    }

    /// <summary>What is wrong with a certificate, in the words of libssl; null where nothing is.</summary>
    /// <param name="certificate">What the peer has shown.</param>
    /// <param name="chain">The chain that was built from it.</param>
    /// <param name="name">The name or address that it must be for; null where it does not matter.</param>
    public static string? Flaw(X509Certificate2 certificate, X509Chain chain, string? name)
    {
        var flaws = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status);
        return flaws switch
        {
            _ when flaws.HasFlag(X509ChainStatusFlags.UntrustedRoot) => "self-signed certificate",
            _ when flaws.HasFlag(X509ChainStatusFlags.PartialChain) => "unable to get local issuer certificate",
            _ when flaws.HasFlag(X509ChainStatusFlags.NotTimeValid) => certificate.NotBefore > TimeProvider.System.GetLocalNow() ? "certificate is not yet valid" : "certificate has expired",
            X509ChainStatusFlags.NoError => name is null || certificate.MatchesHostname(name, allowWildcards: true, allowCommonName: false) ? null : "hostname mismatch",
            _ => flaws.ToString(),
        };
    }
}

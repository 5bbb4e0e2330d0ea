using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Configuration;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Health;

/// <summary>What is wrong with an endpoint's certificate, as one sentence. The dates go first: what has expired was good yesterday, and is mended elsewhere than what was never good.</summary>
internal static class CertificateVerdict
{
    private const int MostNames = 3;

    /// <summary>Why a certificate is refused; null where it is accepted.</summary>
    /// <param name="certificate">What the endpoint has shown; null where nothing.</param>
    /// <param name="chain">The chain that was built from it.</param>
    /// <param name="name">The host name or IP address that it must be for (RFC 9525).</param>
    /// <param name="ca">The file with the trusted authorities; null for those of this machine.</param>
    /// <param name="now">The time at which it must be valid.</param>
    public static ProbeAnswer? Of(X509Certificate2? certificate, X509Chain chain, string name, string? ca, DateTimeOffset now)
    {
        if (certificate is null)
        {
            return new(ProbeResult.TlsCertificate, "tls: the endpoint has shown no certificate");
        }

        foreach (var element in chain.ChainElements.Select(element => element.Certificate).Prepend(certificate))
        {
            var subject = element.Equals(certificate) ? $"certificate of {name}" : $"authority {Name(element)}";
            if (now > element.NotAfter)
            {
                return new(ProbeResult.TlsExpired, $"tls: {subject} expired on {Date(element.NotAfter)}");
            }

            if (now < element.NotBefore)
            {
                return new(ProbeResult.TlsExpired, $"tls: {subject} is not valid before {Date(element.NotBefore)}");
            }
        }

        if (!certificate.MatchesHostname(name, allowWildcards: true, allowCommonName: false))
        {
            return new(ProbeResult.TlsCertificate, $"tls: the certificate is for {Names(certificate)}, not for {name}");
        }

        var flaws = chain.ChainStatus.Where(status => status.Status != X509ChainStatusFlags.NoError).ToArray();
        return flaws switch
        {
            [] => null,
            _ when flaws.Any(flaw => flaw.Status is X509ChainStatusFlags.UntrustedRoot or X509ChainStatusFlags.PartialChain) => new(
                ProbeResult.TlsCertificate,
                $"tls: the certificate is by {ScalarNode.Clean(certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: true))}, which {(ca is null ? "this machine" : ca)} does not vouch for"),
            _ => new(ProbeResult.TlsCertificate, $"tls: {ScalarNode.Clean(flaws[0].StatusInformation)}"),
        };
    }

    private static string Names(X509Certificate2 certificate)
    {
        var alternatives = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        var names = alternatives is null ? [] : alternatives.EnumerateDnsNames().Concat(alternatives.EnumerateIPAddresses().Select(ip => ip.ToString())).ToArray();
        return names.Length switch
        {
            0 => "no host",
            <= MostNames => ScalarNode.Clean(string.Join(", ", names)),
            _ => ScalarNode.Clean($"{string.Join(", ", names.Take(MostNames))} and {names.Length - MostNames} more"),
        };
    }

    private static string Name(X509Certificate2 certificate) => ScalarNode.Clean(certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false));

    private static string Date(DateTime local) => new DateTimeOffset(local).UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}

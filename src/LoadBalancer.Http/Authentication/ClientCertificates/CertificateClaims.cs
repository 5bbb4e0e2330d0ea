using System.Collections.Immutable;
using LoadBalancer.Tls;

namespace LoadBalancer.Http.Authentication.ClientCertificates;

/// <summary>What a certificate claims, by the words of the file.</summary>
internal static class CertificateClaims
{
    /// <summary>The claim that is the subject where the file names no other.</summary>
    public const string Default = "subject_cn";

    private static readonly (string Name, Func<PeerCertificate, ImmutableArray<string>> Of)[] Claims =
    [
        (Default, certificate => certificate.CommonNames),
        ("subject_dn", certificate => certificate.SubjectName),
        ("subject_o", certificate => certificate.Organizations),
        ("subject_ou", certificate => certificate.OrganizationalUnits),
        ("issuer_dn", certificate => certificate.IssuerName),
        ("san_dns", certificate => certificate.DnsNames),
        ("san_uri", certificate => certificate.UriNames),
        ("san_email", certificate => certificate.EmailNames),
        ("serial", certificate => [certificate.SerialNumber]),
        ("fingerprint", certificate => [certificate.Fingerprint]),
    ];

    /// <summary>The words.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Claims.Select(claim => claim.Name)];

    /// <summary>Every claim of a certificate that it makes.</summary>
    public static Dictionary<string, ImmutableArray<string>> Of(PeerCertificate certificate) =>
        Claims.Select(claim => KeyValuePair.Create(claim.Name, claim.Of(certificate))).Where(claim => !claim.Value.IsEmpty).ToDictionary(StringComparer.Ordinal);
}

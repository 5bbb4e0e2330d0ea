using LoadBalancer.Tls;

namespace LoadBalancer.Daemon.Status;

/// <summary>A certificate that a listener shows.</summary>
/// <param name="Names">The names that it is for.</param>
/// <param name="Key">The kind of its key.</param>
/// <param name="File">Where it is from.</param>
/// <param name="NotAfter">When it expires.</param>
/// <param name="DaysLeft">Whole days until then; negative after it.</param>
/// <param name="Stapled">True where an OCSP response is shown with it.</param>
internal sealed record CertificateStatus(IReadOnlyList<string> Names, string Key, string File, DateTimeOffset NotAfter, int DaysLeft, bool Stapled)
{
    /// <summary>The status of <paramref name="certificate"/>.</summary>
    public static CertificateStatus Of(ServerCertificate certificate, DateTimeOffset now) => new(
        [.. certificate.Names], certificate.KeyKind, certificate.Source, certificate.NotAfter, (int)Math.Floor((certificate.NotAfter - now).TotalDays), certificate.Staple is not null);
}

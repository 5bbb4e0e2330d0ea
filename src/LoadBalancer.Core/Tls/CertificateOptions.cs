using LoadBalancer.Configuration;

namespace LoadBalancer.Tls;

/// <summary>A certificate that a listener shows, by its files: an item of the file's <c>tls.certificates</c>.</summary>
/// <param name="Cert">The certificate and its chain.</param>
/// <param name="Key">Its private key.</param>
internal sealed record CertificateOptions(string Cert, string Key) : IConfigurable<CertificateOptions>
{
    /// <inheritdoc/>
    public static Shape<CertificateOptions> Shape { get; } = new(
        "certificate", "A certificate and its private key.", "{cert: /etc/lb/api.pem, key: /etc/lb/api.key}", () => new(null!, null!))
    {
        {
            "cert", Kinds.FilePath, o => o.Cert, (o, value) => o with { Cert = value },
            "The certificate in PEM, and behind it the certificates of the authorities between it and a root, in this order. Its names say to whom it is shown.", Presence.Required
        },
        {
            "key", Kinds.FilePath, o => o.Key, (o, value) => o with { Key = value },
            "Its private key in PEM, without a password. It may be in the same file.", Presence.Required
        },
        {
            "ocsp", Kinds.FilePath.OrNull("none"), o => o.Ocsp, (o, value) => o with { Ocsp = value },
            "The authority's word that it has not been revoked, which is shown with it: an OCSP response in DER. Where the file is missing, it is shown without."
        },
    };

    /// <summary>An OCSP response that is shown with it; null for none.</summary>
    public string? Ocsp { get; init; }
}

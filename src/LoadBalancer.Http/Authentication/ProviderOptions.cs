using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication.ClientCertificates;

namespace LoadBalancer.Http.Authentication;

/// <summary>A named way to establish who calls: the file's <c>auth.NAME</c>, which has exactly one of the keys.</summary>
internal sealed record ProviderOptions : IConfigurable<ProviderOptions>
{
    /// <inheritdoc/>
    public static Shape<ProviderOptions> Shape { get; } = new(
        "auth_provider", "A way to establish who calls. It has exactly one key.", "{client_certificate: {forward: {subject_cn: X-Device}}}", () => new())
    {
        {
            "client_certificate", Kinds.Record(ClientCertificateProviderOptions.Shape), o => o.ClientCertificate!, (o, value) => o with { ClientCertificate = value },
            "By the certificate that a client shows in its TLS handshake."
        },
    };

    /// <summary>By certificates of clients; null where it is another kind.</summary>
    public ClientCertificateProviderOptions? ClientCertificate { get; init; }

    /// <summary>The header fields by which endpoints learn of its identities.</summary>
    public IEnumerable<string> IdentityHeaders =>
    [
        .. ClientCertificate?.Forward.Values ?? [],
    ];
}

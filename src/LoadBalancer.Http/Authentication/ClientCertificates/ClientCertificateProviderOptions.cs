using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Values;

namespace LoadBalancer.Http.Authentication.ClientCertificates;

/// <summary>Identity from the certificate that a client shows in its TLS handshake: the file's <c>auth.NAME.client_certificate</c>.</summary>
internal sealed record ClientCertificateProviderOptions : IConfigurable<ClientCertificateProviderOptions>
{
    /// <summary>The whole certificate as the field Client-Cert of RFC 9440 has it, for <see cref="Forward"/> alone.</summary>
    public const string Certificate = "certificate";

    /// <summary>The whole certificate in PEM, percent-encoded as nginx writes it, for <see cref="Forward"/> alone.</summary>
    public const string CertificatePem = "certificate_pem";

    private static readonly string[] Forwardable = [.. CertificateClaims.Names, Certificate, CertificatePem];

    /// <inheritdoc/>
    public static Shape<ClientCertificateProviderOptions> Shape { get; } = new(
        "client_certificate", "Identity from the certificate that a client shows in its TLS handshake, verified by the listener's `tls.client_certificates`.", "{forward: {subject_cn: X-Device}}", () => new())
    {
        {
            "subject", Kinds.Word(CertificateClaims.Names), o => o.Subject, (o, value) => o with { Subject = value },
            "The claim that says who it is. A certificate that does not have it, or has it more than once, is 401."
        },
        {
            "plan_claim", Kinds.Word(CertificateClaims.Names).OrNull("none"), o => o.PlanClaim, (o, value) => o with { PlanClaim = value },
            "The claim that is the name of the caller's plan."
        },
        {
            "forward", new TextMapKind<string>(new MapKey("a claim of a certificate", CertificateClaims.Default, string.Join('|', Forwardable)), new IdentityHeaderKind())
                .Or("none", ValueMap<string>.Empty),
            o => o.Forward, (o, value) => o with { Forward = value },
            "The header fields by which endpoints learn of it, by claim. `certificate` is the whole of it, as the field Client-Cert of RFC 9440; `certificate_pem` the same in PEM, percent-encoded."
        },
    };

    /// <summary>The claim that says who it is.</summary>
    public string Subject { get; init; } = CertificateClaims.Default;

    /// <summary>The claim that is the plan; null for none.</summary>
    public string? PlanClaim { get; init; }

    /// <summary>Header fields by claim.</summary>
    public ValueMap<string> Forward { get; init; } = ValueMap<string>.Empty;
}

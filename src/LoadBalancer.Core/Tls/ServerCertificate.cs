using LoadBalancer.Configuration;

namespace LoadBalancer.Tls;

/// <summary>A certificate that a listener shows, as it was read. Immutable.</summary>
internal sealed record ServerCertificate
{
    /// <summary>Where it is from, for messages: the file of the certificate.</summary>
    public required string Source { get; init; }

    /// <summary>The certificate and those of its chain, in PEM, the certificate first.</summary>
    public required byte[] ChainPem { get; init; }

    /// <summary>Its private key, in PEM.</summary>
    public required byte[] KeyPem { get; init; }

    /// <summary>The DNS names that it is for, in lower case; those with <c>*.</c> cover one label more.</summary>
    public required ValueList<string> Names { get; init; }

    /// <summary>When it ends.</summary>
    public DateTimeOffset NotAfter { get; init; }

    /// <summary>An OCSP response in DER that goes with it (RFC 6066 section 8); null for none.</summary>
    public byte[]? Staple { get; init; }
}

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

    /// <summary>The kind of its key: <c>rsa</c>, <c>ecdsa</c>, or whatever it is.</summary>
    public string KeyKind { get; init; } = "";

    /// <summary>An OCSP response in DER that goes with it (RFC 6066 section 8); null for none.</summary>
    public byte[]? Staple { get; init; }

    /// <summary>When <see cref="Staple"/> ends, from when on it is not shown; null where it does not say.</summary>
    public DateTimeOffset? StapleEnd { get; init; }

    /// <summary>True where this one can be shown in place of <paramref name="other"/> to clients that cannot read that one's kind of key.</summary>
    public bool StandsFor(ServerCertificate other) => KeyKind != other.KeyKind && other.Names.All(name => Names.Contains(name));
}

namespace LoadBalancer.Tls;

/// <summary>What a client's side of TLS is made of, for one upstream: everything was read and checked before.</summary>
internal sealed record TlsClientSettings
{
    /// <summary>The name that is asked for (SNI), and that the certificate must be for; null for the address that is connected to.</summary>
    public string? ServerName { get; init; }

    /// <summary>The authorities of which one must vouch for the certificate, in PEM; null for those of this machine.</summary>
    public byte[]? AuthoritiesPem { get; init; }

    /// <summary>False where any certificate will do: only where the file says so in as many words.</summary>
    public bool Verifies { get; init; } = true;

    /// <summary>The certificate that is shown when asked for one, with its chain, in PEM; null for none.</summary>
    public byte[]? ChainPem { get; init; }

    /// <summary>Its private key, in PEM; null for none.</summary>
    public byte[]? KeyPem { get; init; }

    /// <summary>True where a context made of <paramref name="other"/> would be the same.</summary>
    public bool IsSameAs(TlsClientSettings other) =>
        ServerName == other.ServerName && Verifies == other.Verifies && Same(AuthoritiesPem, other.AuthoritiesPem) && Same(ChainPem, other.ChainPem) && Same(KeyPem, other.KeyPem);

    private static bool Same(byte[]? one, byte[]? other) => one is null == other is null && one.AsSpan().SequenceEqual(other);
}

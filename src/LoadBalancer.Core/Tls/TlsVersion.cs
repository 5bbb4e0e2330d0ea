namespace LoadBalancer.Tls;

/// <summary>A version of TLS that is spoken here.</summary>
internal enum TlsVersion : byte
{
    /// <summary>RFC 5246.</summary>
    Tls12,

    /// <summary>RFC 8446.</summary>
    Tls13,
}

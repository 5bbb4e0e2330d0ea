namespace LoadBalancer.Tls;

/// <summary>What is spoken inside TLS, as agreed by ALPN (RFC 7301).</summary>
internal enum ApplicationProtocol : byte
{
    /// <summary>Nothing was agreed: what the listener speaks by default.</summary>
    None,

    /// <summary><c>http/1.1</c>.</summary>
    Http1,

    /// <summary><c>h2</c>.</summary>
    Http2,
}

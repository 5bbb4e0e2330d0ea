using System.Net.Security;
using System.Security.Authentication;

namespace LoadBalancer.Tls.Streams;

/// <summary>
/// What SslStream may speak, on either side: as much of the posture of <see cref="OpenSsl.SslContextSetup"/> as it lets us choose. It gives no say in the
/// groups, and as a server it prefers its own order.
/// </summary>
internal static class StreamPosture
{
    /// <summary>TLS 1.2 and 1.3.</summary>
    public const SslProtocols Versions = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>Ciphers that authenticate, with forward secrecy; null for those of the platform, where there is no choice.</summary>
    public static CipherSuitesPolicy? Ciphers { get; } = OperatingSystem.IsLinux()
        ? new CipherSuitesPolicy(
        [
            TlsCipherSuite.TLS_AES_128_GCM_SHA256,
            TlsCipherSuite.TLS_AES_256_GCM_SHA384,
            TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
            TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ])
        : null;
}

using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls;

/// <summary>A server's side of TLS, ready for clients. Immutable and thread-safe; sessions that began with it go on when it is not referred to any more.</summary>
/// <param name="settings">What it is made of.</param>
internal abstract class TlsServerContext(TlsServerSettings settings)
{
    /// <summary>What it was made of.</summary>
    public TlsServerSettings Settings => settings;

    /// <summary>Which certificate is for which name.</summary>
    public CertificateTable Certificates { get; } = new(settings.Certificates);

    /// <summary>A session of a client that has just connected; on the socket's loop.</summary>
    public abstract TlsSession NewSession(EpollSocket socket);
}

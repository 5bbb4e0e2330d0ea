using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls;

/// <summary>TLS on one socket, from its handshake on. Touched only on its loop.</summary>
internal abstract class TlsSession : SocketCipher
{
    private string? _peerSubject;
    private bool _hasReadPeer;

    /// <summary>The handshake that waits for it; null before and after. A session that is closed ends it.</summary>
    public TlsHandshake? UnderWay { get; set; }

    /// <summary>The server's side that it began with; null for a client's session.</summary>
    public TlsServerContext? Server { get; set; }

    /// <summary>How long the handshake took.</summary>
    public TimeSpan Duration { get; set; }

    /// <summary>True where the handshake failed because the client spoke HTTP without TLS.</summary>
    public bool MetHttp { get; protected set; }

    /// <summary>Goes on with the handshake as far as it can.</summary>
    /// <returns>Whether it is over; after <see cref="HandshakeProgress.Failed"/> the reasons are in <see cref="SocketCipher.Failure"/> and <see cref="FailureText"/>.</returns>
    public abstract HandshakeProgress Handshake();

    /// <summary>The protocol that was agreed on (ALPN, RFC 7301); after the handshake.</summary>
    public abstract ApplicationProtocol Protocol { get; }

    /// <summary>The name that the client asked for (SNI), in lower case; empty where none.</summary>
    public abstract ReadOnlySpan<byte> ServerName { get; }

    /// <summary><see cref="ServerName"/> for a log; null where none.</summary>
    public string? ServerNameText => ServerName.IsEmpty ? null : System.Text.Encoding.ASCII.GetString(ServerName);

    /// <summary>The version, such as <c>TLSv1.3</c>; after the handshake, and null before.</summary>
    public abstract string? Version { get; }

    /// <summary>The cipher suite, by its IANA name; after the handshake, and null before.</summary>
    public abstract string? CipherSuite { get; }

    /// <summary>True where an earlier session was taken up again.</summary>
    public abstract bool IsResumed { get; }

    /// <summary>The certificate of the other side, which has been verified; null where it has shown none. Each call makes one: the caller disposes of it.</summary>
    public abstract X509Certificate2? GetPeerCertificate();

    /// <summary>The subject of that certificate, such as <c>CN=device-7, O=Acme</c>; null where it has shown none. Read once, while the session is open.</summary>
    public string? PeerSubject
    {
        get
        {
            if (!_hasReadPeer)
            {
                _hasReadPeer = true;
                using var certificate = GetPeerCertificate();
                _peerSubject = certificate?.Subject;
            }

            return _peerSubject;
        }
    }

    /// <summary>What somebody has made of the other side's certificate, who looks here before he asks for it again; null for nothing yet.</summary>
    public object? OfPeer { get; set; }

    /// <summary>Why it failed, for the log; null where it did not.</summary>
    public abstract string? FailureText { get; }

    /// <summary>True where the peer's stream ended without its word that this is the end (RFC 8446 section 6.1): it may have been cut off by somebody else.</summary>
    public bool IsTruncated { get; protected set; }
}

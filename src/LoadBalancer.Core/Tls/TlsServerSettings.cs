using System.Collections.Immutable;

namespace LoadBalancer.Tls;

/// <summary>What a server's side of TLS is made of: everything was read and checked before.</summary>
internal sealed record TlsServerSettings
{
    /// <summary>The certificates, at least one; which is shown to whom, <see cref="CertificateTable"/> says.</summary>
    public required ImmutableArray<ServerCertificate> Certificates { get; init; }

    /// <summary>True where TLS 1.2 is not spoken any more.</summary>
    public bool OnlyTls13 { get; init; }

    /// <summary>What may be spoken inside, the preferred first; empty where ALPN is not answered.</summary>
    public ImmutableArray<ApplicationProtocol> Protocols { get; init; } = [];

    /// <summary>Whether the client has to show a certificate.</summary>
    public ClientCertificateMode ClientCertificates { get; init; }

    /// <summary>The authorities of which one must vouch for a client's certificate, in PEM; where one is wanted.</summary>
    public byte[] ClientAuthoritiesPem { get; init; } = [];

    /// <summary>Who encrypts session tickets.</summary>
    public required TicketKeys TicketKeys { get; init; }

    /// <summary>The clock that the ends of staples and of certificates in tickets are held against.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>
    /// What a session belongs to, 1 to 32 bytes: a ticket of another is not taken up again, so that nobody passes by a listener's wish for a
    /// certificate with the ticket of one that has none (CVE-2025-23419).
    /// </summary>
    public required byte[] SessionContext { get; init; }
}

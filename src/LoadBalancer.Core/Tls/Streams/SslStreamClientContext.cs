using System.Collections.Immutable;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls.Streams;

/// <summary>A client's side of TLS by SslStream, which keeps the sessions that are taken up again by itself.</summary>
internal sealed class SslStreamClientContext : TlsClientContext
{
    private readonly SslStreamCertificateContext? _own;
    private readonly X509ChainPolicy _trust;

    /// <summary>A client's side of <paramref name="settings"/>.</summary>
    /// <exception cref="TlsSetupException">The settings are no use.</exception>
    public SslStreamClientContext(TlsClientSettings settings)
        : base(settings)
    {
        _own = settings is { ChainPem: { } chain, KeyPem: { } key } ? Pem.Certificate(chain, key, source: null) : null;
        _trust = Pem.Trust(settings.AuthoritiesPem);
    }

    /// <inheritdoc/>
    public override TlsSession NewSession(EpollSocket socket, EndPoint address, ImmutableArray<ApplicationProtocol> protocols)
    {
        var expected = Settings.ServerName ?? AddressOf(address);
        var asked = expected is null || AddressText.TryParseIp(expected, out _) ? "" : expected;
        return new SslStreamSession(socket, isServer: false, (session, stream) =>
        {
            session.Name = asked;
            return stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = asked,
                EnabledSslProtocols = StreamPosture.Versions,
                CipherSuitesPolicy = StreamPosture.Ciphers,
                AllowRenegotiation = false,
                ApplicationProtocols = protocols.IsEmpty ? null : [.. protocols.Select(protocol => new SslApplicationProtocol(AlpnWire.NameOf(protocol).ToArray()))],
                ClientCertificateContext = _own,
                CertificateChainPolicy = _trust,
                RemoteCertificateValidationCallback = (_, certificate, chain, _) => !Settings.Verifies
                    || (certificate is X509Certificate2 shown && Pem.Flaw(shown, chain!, expected) is var flaw
                        ? flaw is null || session.Refuse(FaultKind.TlsVerifyFailed, $"the endpoint's certificate is refused: {flaw}")
                        : session.Refuse(FaultKind.TlsVerifyFailed, "the endpoint has shown no certificate")),
            });
        });
    }

    /// <inheritdoc/>
    public override void Keep(IReadOnlySet<EndPoint> addresses)
    {
        // Nothing is kept here.
    }
}

using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls.Streams;

/// <summary>A server's side of TLS by SslStream.</summary>
internal sealed class SslStreamServerContext : TlsServerContext
{
    private static readonly IdnMapping Idn = new() { AllowUnassigned = true };

    private readonly SslStreamCertificateContext[] _certificates;
    private readonly X509ChainPolicy? _clients;
    private readonly List<SslApplicationProtocol>? _protocols;

    /// <summary>A server's side of <paramref name="settings"/>.</summary>
    /// <exception cref="TlsSetupException">The settings are no use.</exception>
    public SslStreamServerContext(TlsServerSettings settings)
        : base(settings)
    {
        _certificates = [.. settings.Certificates.Select(certificate => Pem.Certificate(certificate.ChainPem, certificate.KeyPem, certificate.Source))];
        _clients = settings.ClientCertificates == ClientCertificateMode.Off ? null : Pem.Trust(settings.ClientAuthoritiesPem);
        _protocols = settings.Protocols.IsEmpty ? null : [.. settings.Protocols.Select(protocol => new SslApplicationProtocol(AlpnWire.NameOf(protocol).ToArray()))];
    }

    /// <inheritdoc/>
    public override TlsSession NewSession(EpollSocket socket) => new SslStreamSession(socket, isServer: true, (session, stream) => stream.AuthenticateAsServerAsync(
        (_, hello, _, _) =>
        {
            session.Name = NameOf(hello);
            return ValueTask.FromResult(Options(session));
        },
        null));

    private SslServerAuthenticationOptions Options(SslStreamSession session) => new()
    {
        ServerCertificateContext = _certificates[Math.Max(Certificates.Find(Encoding.UTF8.GetBytes(session.Name)), 0)],
        EnabledSslProtocols = Settings.OnlyTls13 ? SslProtocols.Tls13 : StreamPosture.Versions,
        CipherSuitesPolicy = StreamPosture.Ciphers,
        ApplicationProtocols = _protocols,
        AllowRenegotiation = false,
        ClientCertificateRequired = _clients is not null,
        CertificateChainPolicy = _clients,

        // Its sessions belong to the process and not to a listener: one that began without a certificate must not go on where one is wanted.
        AllowTlsResume = _clients is null,
        RemoteCertificateValidationCallback = _clients is null ? null : (_, certificate, chain, _) => Judge(session, (X509Certificate2?)certificate, chain),
    };

    // SslStream has made Unicode of a name in punycode; certificates, hosts and logs have it as it came. What is no name at all finds the default.
    private static string NameOf(SslClientHelloInfo hello)
    {
        var name = hello.ServerName.ToLowerInvariant();
        try
        {
            return Ascii.IsValid(name) ? name : Idn.GetAscii(name).ToLowerInvariant();
        }
        catch (ArgumentException)
        {
            return "";
        }
    }

    private bool Judge(SslStreamSession session, X509Certificate2? certificate, X509Chain? chain)
    {
        if (certificate is null)
        {
            return Settings.ClientCertificates == ClientCertificateMode.Optional || session.Refuse(FaultKind.ClientCertificateMissing, "the client has shown no certificate");
        }

        return Pem.Flaw(certificate, chain!, name: null) is not { } flaw || session.Refuse(FaultKind.ClientCertificateInvalid, $"the client's certificate is refused: {flaw}");
    }
}

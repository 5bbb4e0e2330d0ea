using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Configuration;
using LoadBalancer.Endpoints;
using LoadBalancer.Tls;
using LoadBalancer.Tls.Streams;

namespace LoadBalancer.Health;

/// <summary>The TLS of a probe: a handshake as the options say, and a sentence for every way in which it may fail. Thread-safe.</summary>
/// <param name="options">Which name, and whom to trust.</param>
/// <param name="time">The clock that certificates are held against.</param>
internal sealed class ProbeHandshake(ProbeTlsOptions options, TimeProvider time)
{
    private readonly TrustedAuthorities? _authorities = options.Ca is { } path ? new TrustedAuthorities(path) : null;

    private OwnCertificate? _own;

    /// <summary>True where it looks at the certificate.</summary>
    public bool Verifies => options.Verifies;

    /// <summary>The name that certificates must be for; null where that is the endpoint's address.</summary>
    public string? ServerName => options.ServerName;

    /// <summary>A TLS stream over <paramref name="transport"/>, which it disposes of with itself.</summary>
    /// <param name="transport">The connection.</param>
    /// <param name="address">Whose it is.</param>
    /// <param name="protocol">What follows, and is offered by ALPN; null where nothing is offered.</param>
    /// <param name="cancellation">The deadline.</param>
    /// <exception cref="ProbeFailedException">There is none; it says why.</exception>
    public async ValueTask<SslStream> ShakeAsync(Stream transport, EndPoint address, SslApplicationProtocol? protocol, CancellationToken cancellation)
    {
        var name = options.ServerName ?? TlsClientContext.AddressOf(address) ?? "localhost";
        var authorities = Authorities();
        var own = Own();
        ProbeAnswer? refusal = null;
        var stream = new SslStream(transport);
        try
        {
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = options.ServerName is { } asked && !AddressText.TryParseIp(asked, out _) ? asked : "",

                    // What the traffic speaks: a probe that passes by what no request can use says nothing.
                    EnabledSslProtocols = StreamPosture.Versions,
                    CipherSuitesPolicy = StreamPosture.Ciphers,
                    ApplicationProtocols = protocol is { } follows ? [follows] : null,
                    CertificateChainPolicy = Policy(authorities),
                    ClientCertificateContext = own,
                    RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
                    {
                        refusal = Verifies ? CertificateVerdict.Of((X509Certificate2?)certificate, chain!, name, options.Ca, time.GetUtcNow()) : null;
                        return refusal is null;
                    },
                },
                cancellation);
            return stream;
        }
        catch (Exception e)
        {
            await stream.DisposeAsync();
            throw new ProbeFailedException(refusal ?? AnswerFor(e, cancellation));
        }
    }

    private static ProbeAnswer AnswerFor(Exception error, CancellationToken cancellation) => error switch
    {
        _ when cancellation.IsCancellationRequested => new(ProbeResult.NoAnswer, "connected, but no TLS handshake", IsLate: true),
        Microsoft.AspNetCore.Connections.ConnectionResetException => new(ProbeResult.Reset, "tls: reset during the handshake"),
        AuthenticationException => new(ProbeResult.TlsHandshake, $"tls: {ScalarNode.Clean((error.InnerException ?? error).Message)}"),
        IOException => new(ProbeResult.Closed, "tls: closed during the handshake"),
        _ => new(ProbeResult.Error, $"tls: {ScalarNode.Clean(error.Message)}"),
    };

    private X509Certificate2Collection? Authorities()
    {
        try
        {
            return _authorities?.Current();
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            // The endpoint is not to blame for a file of ours; it was there when the configuration was read.
            throw new ProbeFailedException(new(ProbeResult.OutOfResources, $"tls: cannot read {options.Ca}: {ScalarNode.Clean(e.Message)}"));
        }
    }

    /// <summary>What is shown to an endpoint that asks: read again when it has changed.</summary>
    private SslStreamCertificateContext? Own()
    {
        if (options is not { Cert: { } cert, Key: { } key })
        {
            return null;
        }

        var written = File.GetLastWriteTimeUtc(cert);
        if (_own is { } known && known.Written == written)
        {
            return known.Context;
        }

        try
        {
            var chain = TrustedAuthorities.Read(cert);
            var context = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(cert, key), chain, offline: true);
            _own = new OwnCertificate(written, context);
            return context;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or CryptographicException or UnauthorizedAccessException)
        {
            return _own?.Context ?? throw new ProbeFailedException(new(ProbeResult.OutOfResources, $"tls: cannot read {cert}: {ScalarNode.Clean(e.Message)}"));
        }
    }

    private X509ChainPolicy Policy(X509Certificate2Collection? authorities)
    {
        // Nothing is fetched: a probe asks its endpoint and nobody else.
        var policy = new X509ChainPolicy
        {
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            VerificationTimeIgnored = false,
            VerificationTime = time.GetUtcNow().LocalDateTime,
        };
        if (authorities is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);
        }

        return policy;
    }

    private sealed record OwnCertificate(DateTime Written, SslStreamCertificateContext Context);
}

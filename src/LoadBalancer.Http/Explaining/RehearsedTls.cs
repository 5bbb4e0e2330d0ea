using System.Security.Cryptography.X509Certificates;
using System.Text;
using LoadBalancer.Tls;

namespace LoadBalancer.Http.Explaining;

/// <summary>A session of TLS that nobody has agreed on: what the rules of HTTP ask of one, and not a byte of it.</summary>
internal sealed class RehearsedTls : TlsSession
{
    private readonly byte[] _serverName;
    private readonly X509Certificate2? _peer;

    /// <summary>A session with a listener.</summary>
    /// <param name="termination">The listener's TLS.</param>
    /// <param name="serverName">The name that the client asks for; empty for none.</param>
    /// <param name="peer">The certificate that it shows; null for none.</param>
    public RehearsedTls(TlsTermination termination, string serverName, X509Certificate2? peer)
    {
        Server = termination.Context;
        _serverName = Encoding.ASCII.GetBytes(serverName.ToLowerInvariant());
        _peer = peer;
    }

    /// <inheritdoc/>
    public override ApplicationProtocol Protocol => ApplicationProtocol.Http1;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> ServerName => _serverName;

    /// <inheritdoc/>
    public override string? Version => null;

    /// <inheritdoc/>
    public override string? CipherSuite => null;

    /// <inheritdoc/>
    public override bool IsResumed => false;

    /// <inheritdoc/>
    public override string? FailureText => null;

    /// <inheritdoc/>
    public override X509Certificate2? GetPeerCertificate() => _peer is null ? null : X509CertificateLoader.LoadCertificate(_peer.RawDataMemory.Span);

    /// <inheritdoc/>
    public override HandshakeProgress Handshake() => throw Nothing();

    /// <inheritdoc/>
    public override int Receive(Span<byte> buffer) => throw Nothing();

    /// <inheritdoc/>
    public override int Send(ReadOnlySpan<byte> bytes) => throw Nothing();

    /// <inheritdoc/>
    public override bool HasNews() => false;

    /// <inheritdoc/>
    public override void SendPending()
    {
    }

    /// <inheritdoc/>
    public override void EndSending()
    {
    }

    /// <inheritdoc/>
    public override void Close(bool sayEnd)
    {
    }

    private static InvalidOperationException Nothing() => new("a rehearsal moves no byte");
}

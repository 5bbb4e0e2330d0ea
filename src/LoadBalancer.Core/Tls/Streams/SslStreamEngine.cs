namespace LoadBalancer.Tls.Streams;

/// <summary>
/// TLS by the platform's SslStream, on the loops: for machines without the libssl that <see cref="OpenSsl.OpenSslEngine"/> knows. It costs more, and
/// docs/tls.md says what it cannot do.
/// </summary>
internal sealed class SslStreamEngine : TlsEngine
{
    /// <inheritdoc/>
    public override string Name => "SslStream";

    /// <inheritdoc/>
    public override TlsServerContext CreateServer(TlsServerSettings settings) => new SslStreamServerContext(settings);

    /// <inheritdoc/>
    public override TlsClientContext CreateClient(TlsClientSettings settings) => new SslStreamClientContext(settings);
}

namespace LoadBalancer.Tls;

/// <summary>Who does the cryptography: libssl by our own binding, or the platform's SslStream where this machine's libssl is another than we know. Thread-safe.</summary>
internal abstract class TlsEngine
{
    /// <summary>Its name in the log.</summary>
    public abstract string Name { get; }

    /// <summary>A server's side.</summary>
    /// <exception cref="TlsSetupException">The settings are no use: a key that does not belong to its certificate, for example.</exception>
    public abstract TlsServerContext CreateServer(TlsServerSettings settings);

    /// <summary>A client's side.</summary>
    /// <exception cref="TlsSetupException">The settings are no use.</exception>
    public abstract TlsClientContext CreateClient(TlsClientSettings settings);
}

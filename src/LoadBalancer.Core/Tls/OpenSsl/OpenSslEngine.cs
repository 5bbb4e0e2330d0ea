using System.Runtime.InteropServices;

namespace LoadBalancer.Tls.OpenSsl;

/// <summary>TLS by libssl 3, driven on the loops.</summary>
internal sealed class OpenSslEngine : TlsEngine
{
    /// <summary>True where this machine has it.</summary>
    public static bool IsAvailable { get; } = NativeLibrary.TryLoad(LibSsl.Library, out _) && NativeLibrary.TryLoad(LibCrypto.Library, out _);

    /// <inheritdoc/>
    public override string Name => "libssl";

    /// <inheritdoc/>
    public override TlsServerContext CreateServer(TlsServerSettings settings) => new OpenSslServerContext(settings);

    /// <inheritdoc/>
    public override TlsClientContext CreateClient(TlsClientSettings settings) => new OpenSslClientContext(settings);
}

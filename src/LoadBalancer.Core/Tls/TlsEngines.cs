using LoadBalancer.Tls.OpenSsl;
using LoadBalancer.Tls.Streams;

namespace LoadBalancer.Tls;

/// <summary>The engines that there are.</summary>
internal static class TlsEngines
{
    /// <summary>The one for this machine.</summary>
    public static TlsEngine Best() => OpenSslEngine.IsAvailable ? new OpenSslEngine() : new SslStreamEngine();
}

using LoadBalancer.Tls;
using LoadBalancer.Tls.OpenSsl;

namespace LoadBalancer.Tests.Tls;

/// <summary>The engines that a test runs with.</summary>
internal static class TlsEngines
{
    public const string LibSsl = "libssl";

    public static TlsEngine Of(string name) => name switch
    {
        LibSsl => new OpenSslEngine(),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };
}

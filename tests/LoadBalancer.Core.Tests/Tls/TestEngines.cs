using LoadBalancer.Tls;
using LoadBalancer.Tls.OpenSsl;
using LoadBalancer.Tls.Streams;

namespace LoadBalancer.Tests.Tls;

/// <summary>The engines that a test runs with.</summary>
internal static class TestEngines
{
    public const string LibSsl = "libssl";
    public const string SslStream = "SslStream";

    public static TlsEngine Of(string name) => name switch
    {
        LibSsl => new OpenSslEngine(),
        SslStream => new SslStreamEngine(),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };
}

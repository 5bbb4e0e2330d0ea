using LoadBalancer.Tls.OpenSsl;
using LoadBalancer.Tls.Streams;

namespace LoadBalancer.Tls;

/// <summary>The engines that there are.</summary>
internal static class TlsEngines
{
    /// <summary>The environment variable that names an engine: to do without libssl where it is to blame for something, or to try what that is like.</summary>
    public const string Variable = "LB_TLS_ENGINE";

    /// <summary>What <see cref="Variable"/> says for the platform's TLS.</summary>
    public const string Platform = "sslstream";

    /// <summary>The one for this machine.</summary>
    public static TlsEngine Best() => OpenSslEngine.IsAvailable ? new OpenSslEngine() : new SslStreamEngine();

    /// <summary>The one of that name; that for this machine where it is null or empty.</summary>
    /// <exception cref="IOException">There is none of that name.</exception>
    public static TlsEngine Of(string? name) => name switch
    {
        null or "" => Best(),
        Platform => new SslStreamEngine(),
        _ => throw new IOException($"{Variable} is '{name}': it may be '{Platform}', for TLS without libssl, or nothing"),
    };
}

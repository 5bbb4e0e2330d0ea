namespace LoadBalancer.Tls;

/// <summary>The versions of TLS by name, as OpenSSL and the logs have them.</summary>
internal static class TlsVersions
{
    private static readonly string[] Names = ["TLSv1.2", "TLSv1.3"];

    /// <summary>How many there are.</summary>
    public static int Count => Names.Length;

    /// <summary>The name of one.</summary>
    public static string NameOf(TlsVersion version) => Names[(int)version];

    /// <summary>The one of that name.</summary>
    public static TlsVersion Of(string name) => name == Names[(int)TlsVersion.Tls13] ? TlsVersion.Tls13 : TlsVersion.Tls12;
}

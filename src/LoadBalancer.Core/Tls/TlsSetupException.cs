namespace LoadBalancer.Tls;

/// <summary>Certificates, keys or authorities that TLS cannot be spoken with.</summary>
/// <param name="source">The file that is to blame; null where it is not one.</param>
/// <param name="message">What is wrong, as a sentence without a capital.</param>
internal sealed class TlsSetupException(string? source, string message) : Exception(message)
{
    /// <summary>The file that is to blame; null where it is not one.</summary>
    public string? File => source;
}

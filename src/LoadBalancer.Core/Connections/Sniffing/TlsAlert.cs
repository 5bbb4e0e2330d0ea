namespace LoadBalancer.Connections.Sniffing;

/// <summary>Answers to a ClientHello that go out in the clear, since no key was agreed on (RFC 8446, section 6).</summary>
internal static class TlsAlert
{
    /// <summary>A record with the fatal alert unrecognized_name(112), which RFC 6066 has for a name that is not served.</summary>
    public static ReadOnlySpan<byte> UnrecognizedName => [21, 3, 3, 0, 2, 2, 112];
}

namespace LoadBalancer.Connections.ProxyProtocol;

/// <summary>
/// Reads a PROXY header, version 1 or 2, from the first bytes of a connection (haproxy, doc/proxy-protocol.txt). It keeps
/// nothing between calls: while the outcome is <see cref="ProxyHeaderOutcome.Incomplete"/>, call it again with more bytes
/// from the start. Never throws, and looks at no byte behind the header.
/// </summary>
internal static class ProxyHeaderReader
{
    /// <summary>The longest header that is taken, in bytes. Version 2 could say 65,551; what proxies send stays far below this.</summary>
    public const int MaxBytes = 4096;

    /// <summary>Reads the header that <paramref name="bytes"/> begin with.</summary>
    /// <param name="bytes">Everything received so far.</param>
    /// <param name="length">The bytes of a complete header; what follows is the client's.</param>
    /// <param name="header">A complete header.</param>
    public static ProxyHeaderOutcome Read(ReadOnlySpan<byte> bytes, out int length, out ProxyHeader header)
    {
        if (BeginsWith(bytes, BinaryProxyHeader.Signature, out var whole))
        {
            if (whole)
            {
                return BinaryProxyHeader.Read(bytes, out length, out header);
            }
        }
        else if (!BeginsWith(bytes, TextProxyHeader.Signature, out whole))
        {
            (length, header) = (0, default);
            return ProxyHeaderOutcome.Missing;
        }
        else if (whole)
        {
            return TextProxyHeader.Read(bytes, out length, out header);
        }

        (length, header) = (0, default);
        return ProxyHeaderOutcome.Incomplete;
    }

    private static bool BeginsWith(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> signature, out bool whole)
    {
        whole = bytes.Length >= signature.Length;
        return whole ? bytes.StartsWith(signature) : signature.StartsWith(bytes);
    }
}

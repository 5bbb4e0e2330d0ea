using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LoadBalancer.Configuration;

/// <summary>Addresses as the file, the logs and the metrics write them: <c>10.0.0.1:80</c>, <c>[2001:db8::1]:80</c>, <c>unix:/run/x.sock</c>.</summary>
public static class AddressText
{
    /// <summary>What a Unix socket's path is written behind.</summary>
    public const string UnixPrefix = "unix:";

    private const int DnsPort = 53;

    // sockaddr_un holds 108 bytes with the closing zero (unix(7)).
    private const int LongestUnixPath = 107;

    /// <summary>Reads an address. Strict: no host names, no octal or short IPv4 forms, IPv6 in brackets, no leading zero in a port.</summary>
    public static bool TryParse(string text, AddressUse use, out EndPoint address)
    {
        address = new IPEndPoint(IPAddress.None, 0);
        if (use == AddressUse.NameServer && TryParseIp(text, out var server))
        {
            address = new IPEndPoint(server, DnsPort);
            return !IsEvery(server);
        }

        if (text.StartsWith(UnixPrefix, StringComparison.Ordinal))
        {
            return use != AddressUse.NameServer && TryParseUnix(text[UnixPrefix.Length..], ref address);
        }

        var colon = text.LastIndexOf(':');
        if (colon < 0 || !TryParsePort(text.AsSpan(colon + 1), use, out var port) || !TryParseHost(text[..colon], use, out var host))
        {
            return false;
        }

        address = new IPEndPoint(host, port);
        return true;
    }

    /// <summary>The text of an address, which reads back equal.</summary>
    /// <exception cref="ArgumentException">The address is neither of IP nor of a Unix socket.</exception>
    public static string Print(EndPoint address) => address switch
    {
        IPEndPoint => address.ToString()!,
        UnixDomainSocketEndPoint => UnixPrefix + address,
        _ => throw new ArgumentException("Neither of IP nor of a Unix socket.", nameof(address)),
    };

    /// <summary>Reads an IP address without brackets or port, in its strict form.</summary>
    public static bool TryParseIp(string text, out IPAddress address)
    {
        // IPAddress.TryParse takes 010.0.0.1 as octal, 10.1 as 10.0.0.1 and ::1/64 as ::1.
        var formed = text.Contains(':', StringComparison.Ordinal)
            ? text.Split('%')[0].All(letter => char.IsAsciiHexDigit(letter) || letter is ':' or '.')
            : text.Split('.') is { Length: 4 } parts && parts.All(IsOctet);
        var valid = IPAddress.TryParse(text, out var parsed) && formed;
        address = parsed ?? IPAddress.None;
        return valid;
    }

    private static bool IsOctet(string part) =>
        part.Length is >= 1 and <= 3 && part.All(char.IsAsciiDigit) && (part.Length == 1 || part[0] != '0');

    private static bool TryParseUnix(string path, ref EndPoint address)
    {
        if (!path.StartsWith('/') || path.EndsWith('/') || path.Contains('\0', StringComparison.Ordinal) || Encoding.UTF8.GetByteCount(path) > LongestUnixPath)
        {
            return false;
        }

        address = new UnixDomainSocketEndPoint(path);
        return true;
    }

    private static bool TryParsePort(ReadOnlySpan<char> text, AddressUse use, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port)
        && port <= IPEndPoint.MaxPort && (text.Length == 1 || text[0] != '0') && (port > 0 || use == AddressUse.Bind);

    private static bool TryParseHost(string text, AddressUse use, out IPAddress host)
    {
        host = IPAddress.Any;
        if (text.Length == 0)
        {
            return use == AddressUse.Bind;
        }

        var bracketed = text.StartsWith('[') && text.EndsWith(']');
        return TryParseIp(bracketed ? text[1..^1] : text, out host)
            && bracketed == (host.AddressFamily == AddressFamily.InterNetworkV6)
            && (use == AddressUse.Bind || !IsEvery(host));
    }

    private static bool IsEvery(IPAddress host) => host.Equals(IPAddress.Any) || host.Equals(IPAddress.IPv6Any);
}

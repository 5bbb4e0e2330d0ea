using System.Buffers;

namespace LoadBalancer.Http.Forwarding;

/// <summary>Hosts as proxies write them: with and without a port, IPv6 addresses with and without brackets.</summary>
internal static class HostText
{
    private const int LongestHost = 261;

    private static readonly SearchValues<byte> Allowed = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]"u8);

    /// <summary>True where it could be a host, with a port or without: no byte in it has a meaning in a URL or in a list.</summary>
    public static bool IsHost(ReadOnlySpan<byte> text) => text.Length is > 0 and <= LongestHost && !text.ContainsAnyExcept(Allowed);

    /// <summary>The address alone of <c>192.0.2.1:80</c>, <c>[2001:db8::1]:80</c>, <c>[2001:db8::1]</c>; what has neither port nor brackets is given back as it is.</summary>
    public static ReadOnlySpan<byte> WithoutPort(ReadOnlySpan<byte> node)
    {
        if (node.Length > 0 && node[0] == '[')
        {
            var end = node.IndexOf((byte)']');
            return end > 0 && (end == node.Length - 1 || IsPort(node[(end + 1)..])) && node[1..end].Contains((byte)':') ? node[1..end] : default;
        }

        // One colon is a port's, several are an IPv6 address's.
        var colon = node.IndexOf((byte)':');
        return colon < 0 || colon != node.LastIndexOf((byte)':') ? node : IsPort(node[colon..]) ? node[..colon] : default;
    }

    private static bool IsPort(ReadOnlySpan<byte> text) =>
        text.Length is >= 2 and <= 6 && text[0] == ':' && !text[1..].ContainsAnyExceptInRange((byte)'0', (byte)'9');
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Addresses;

namespace LoadBalancer.Configuration.Values;

/// <summary>
/// A network in CIDR form, or one address: <c>10.0.0.0/8</c>, <c>2001:db8::/32</c>, <c>192.0.2.7</c>. The bits behind the
/// prefix are 0, so that nobody reads <c>10.1.2.3/8</c> as one address; the error says which network it would be.
/// </summary>
internal sealed class NetworkKind : ScalarKind<IPNetwork>
{
    /// <inheritdoc/>
    public override string Noun => "a network or an IP address";

    /// <inheritdoc/>
    public override string Example => "10.0.0.0/8";

    /// <inheritdoc/>
    protected override string Pattern => "([0-9.]+|[0-9A-Fa-f:.]+)(/[0-9]{1,3})?";

    /// <inheritdoc/>
    public override bool TryParse(string text, out IPNetwork value)
    {
        value = default;
        if (!TrySplit(text, out var address, out var prefix) || !Masked(address, prefix).Equals(address))
        {
            return false;
        }

        value = IpSet.Canonical(new IPNetwork(address, prefix));
        return true;
    }

    /// <inheritdoc/>
    public override string? Print(IPNetwork value) =>
        value.PrefixLength == BitsOf(value.BaseAddress) ? value.BaseAddress.ToString() : value.ToString();

    /// <inheritdoc/>
    public override string? Advice(string text)
    {
        if (TrySplit(text, out var address, out var prefix))
        {
            return $"bits behind the first {prefix} are set; the network is {Masked(address, prefix)}/{prefix}, the address alone is {address}";
        }

        if (text is "*" or "all" or "any")
        {
            return "every address is [0.0.0.0/0, \"::/0\"]";
        }

        var parts = text.Split('/');
        if (parts.Length == 2 && AddressText.TryParseIp(parts[0], out address))
        {
            return $"the prefix of {(address.AddressFamily == AddressFamily.InterNetwork ? "an IPv4 network is /0 to /32" : "an IPv6 network is /0 to /128")}";
        }

        if (text.StartsWith('[') && AddressText.TryParseIp(text.Trim('[', ']'), out address))
        {
            return $"leave the brackets out: \"{address}\"";
        }

        if (AddressText.TryParse(text, AddressUse.Bind, out var withPort) && withPort is IPEndPoint ip && !text.StartsWith(':'))
        {
            return $"leave the port out: {(ip.AddressFamily == AddressFamily.InterNetworkV6 ? $"\"{ip.Address}\"" : ip.Address)}";
        }

        return text.Any(char.IsAsciiLetter) && !text.Contains(':', StringComparison.Ordinal) ? "names are not looked up here; write the IP address" : null;
    }

    private static bool TrySplit(string text, out IPAddress address, out int prefix)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var length = slash < 0 ? "" : text[(slash + 1)..];
        prefix = 0;
        if (text.Contains('%', StringComparison.Ordinal) || !AddressText.TryParseIp(slash < 0 ? text : text[..slash], out address))
        {
            address = IPAddress.None;
            return false;
        }

        prefix = BitsOf(address);
        return slash < 0
            || (int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out prefix)
                && prefix <= BitsOf(address) && (length.Length == 1 || length[0] != '0'));
    }

    private static int BitsOf(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;

    private static IPAddress Masked(IPAddress address, int prefix)
    {
        var bytes = address.GetAddressBytes();
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] &= (byte)(0xFF00 >> Math.Clamp(prefix - (at * 8), 0, 8));
        }

        return new IPAddress(bytes);
    }
}

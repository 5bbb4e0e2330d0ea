using System.Net;

namespace LoadBalancer.Configuration.Values;

/// <summary>An address to accept on or to connect to, see <see cref="AddressText"/>.</summary>
internal sealed class AddressKind(AddressUse use) : ScalarKind<EndPoint>
{
    /// <inheritdoc/>
    public override string Noun => use switch
    {
        AddressUse.Bind => "an address to accept on",
        AddressUse.NameServer => "the IP address of a name server, with a port where it is not 53,",
        _ => "an IP address with a port, or unix:/path,",
    };

    /// <inheritdoc/>
    public override string Example => use switch
    {
        AddressUse.Bind => "\":8080\", \"[::]:8080\" or unix:/run/x.sock",
        AddressUse.NameServer => "10.0.0.2 or \"10.0.0.2:5353\"",
        _ => "\"10.0.0.1:8080\"",
    };

    /// <inheritdoc/>
    protected override string Pattern => use switch
    {
        AddressUse.Bind => @"unix:/.+|([0-9.]+|\[[0-9A-Fa-f:.]+(%[^\]]+)?\])?:[0-9]{1,5}",
        AddressUse.NameServer => @"[0-9A-Fa-f:.]+(%.+)?|([0-9.]+|\[[0-9A-Fa-f:.]+(%[^\]]+)?\]):[0-9]{1,5}",
        _ => @"unix:/.+|([0-9.]+|\[[0-9A-Fa-f:.]+(%[^\]]+)?\]):[0-9]{1,5}",
    };

    /// <inheritdoc/>
    public override bool TryParse(string text, out EndPoint value) => AddressText.TryParse(text, use, out value);

    /// <inheritdoc/>
    public override string? Print(EndPoint value) => AddressText.Print(value);

    /// <inheritdoc/>
    public override string? Advice(string text)
    {
        var colon = text.LastIndexOf(':');
        var host = colon < 0 ? text : text[..colon];
        var port = colon < 0 ? "" : text[(colon + 1)..];
        if (text.StartsWith(AddressText.UnixPrefix, StringComparison.Ordinal))
        {
            return use == AddressUse.NameServer ? "a name server is asked over UDP and TCP" : "the path of a Unix socket is absolute and at most 107 bytes long";
        }

        if (text.Contains("://", StringComparison.Ordinal))
        {
            return "leave the scheme out";
        }

        if (text.All(char.IsAsciiDigit))
        {
            return use == AddressUse.Bind ? $"for this port of every IPv4 address write \":{text}\"" : "an IP address is missing before the port";
        }

        if (host.Contains(':', StringComparison.Ordinal) && !host.StartsWith('['))
        {
            return "put an IPv6 address in brackets: \"[::1]:80\"";
        }

        if (AddressText.TryParseIp(text, out var whole) || AddressText.TryParseIp(text.Trim('[', ']'), out whole))
        {
            return $"add a port: \"{new IPEndPoint(whole, 8080)}\"";
        }

        if (host == "*" && use == AddressUse.Bind)
        {
            return $"for every IPv4 address write \":{port}\", for every IPv6 address \"[::]:{port}\"";
        }

        return AddressText.TryParseIp(host.Trim('[', ']'), out var ip) ? AdviceForIp(ip, port) : AdviceForHost(text, host, port);
    }

    private string? AdviceForIp(IPAddress ip, string port)
    {
        var isPort = AddressText.TryParse($"127.0.0.1:{port}", use, out _);
        if (!isPort)
        {
            return use == AddressUse.Bind ? "a port is 0 to 65535, and 0 takes a free one" : "a port is 1 to 65535";
        }

        return ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any)
            ? "this address means all of them and cannot be connected to; write 127.0.0.1 or [::1] for this machine"
            : $"write \"{(ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{ip}]" : ip)}:{port}\"";
    }

    private string? AdviceForHost(string text, string host, string port)
    {
        if (host == "localhost")
        {
            return $"write \"127.0.0.1:{(port.Length > 0 ? port : "8080")}\"";
        }

        if (host.Length == 0)
        {
            return use == AddressUse.Bind ? "the port is missing" : "an IP address is missing before the port";
        }

        if (!host.Any(char.IsAsciiLetter) || host.Contains(':', StringComparison.Ordinal))
        {
            return null;
        }

        return use == AddressUse.Endpoint && new NameWithPortKind().TryParse(text, out _)
            ? $"names are not looked up here; write the IP address, or look the name up with discover: {{dns: \"{text}\"}}"
            : "names are not looked up here; write the IP address";
    }
}

using System.Globalization;
using System.Net;

namespace LoadBalancer.Configuration.Values;

/// <summary>A domain name to look up, and a port. Names are those of RFC 1123, and underscores, which service names have.</summary>
internal sealed class NameWithPortKind : ScalarKind<NameWithPort>
{
    // RFC 1035 §2.3.4 counts 255 octets, of which a length before the first label and the root are two.
    private const int LongestName = 253;
    private const int LongestLabel = 63;

    /// <inheritdoc/>
    public override string Noun => "a name with a port";

    /// <inheritdoc/>
    public override string Example => "\"orders.internal:8000\"";

    /// <inheritdoc/>
    protected override string Pattern => @"[A-Za-z0-9_]([A-Za-z0-9_.\-]*[A-Za-z0-9_])?\.?:[0-9]{1,5}";

    /// <inheritdoc/>
    public override bool TryParse(string text, out NameWithPort value)
    {
        var (name, port) = Split(text);
        var isPort = int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= IPEndPoint.MaxPort && port[0] != '0';
        value = isPort && IsName(name) ? new NameWithPort(name, number) : default;
        return value != default;
    }

    /// <inheritdoc/>
    public override string? Print(NameWithPort value) => value == default ? null : value.ToString();

    /// <inheritdoc/>
    public override string? Advice(string text)
    {
        var (name, port) = Split(text);
        if (text.Contains("://", StringComparison.Ordinal))
        {
            return "leave the scheme out";
        }

        if (AddressText.TryParseIp(text, out _) || AddressText.TryParseIp(name.Trim('[', ']'), out _))
        {
            return "this is an address already: write it in 'endpoints'";
        }

        if (!name.All(char.IsAscii))
        {
            return ToAscii(name) is { } ascii ? $"write the name as DNS has it: \"{ascii}{(port.Length > 0 ? ":" : "")}{port}\"" : "write the name as DNS has it, in ASCII (punycode)";
        }

        if (port.Length == 0 && IsName(name))
        {
            return $"add the port: \"{name}:8000\"";
        }

        return IsName(name)
            ? "a port is 1 to 65535"
            : $"a name has letters, digits, '-', '_' and dots, at most {LongestLabel} characters between two dots and {LongestName} in all";
    }

    private static (string Name, string Port) Split(string text)
    {
        var colon = text.LastIndexOf(':');
        return colon < 0 ? (text, "") : (text[..colon], text[(colon + 1)..]);
    }

    /// <summary>A name that ends in a number is none: 10.0.0.300 is an address with a mistake in it.</summary>
    private static bool IsName(string text)
    {
        var name = text.EndsWith('.') ? text[..^1] : text;
        var labels = name.Split('.');
        return name.Length <= LongestName && labels.All(IsLabel) && !labels[^1].All(char.IsAsciiDigit);
    }

    private static bool IsLabel(string label) =>
        label.Length is >= 1 and <= LongestLabel && label[0] != '-' && label[^1] != '-' && label.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_');

    private static string? ToAscii(string name)
    {
        try
        {
            return new IdnMapping().GetAscii(name) is var ascii && IsName(ascii) ? ascii : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}

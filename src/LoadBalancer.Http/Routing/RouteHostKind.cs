using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Values;

namespace LoadBalancer.Http.Routing;

/// <summary>The kind of a route's <c>host</c>: a name, a wildcard, or an IP address, an IPv6 one in brackets. Read in lower case.</summary>
internal sealed class RouteHostKind : ScalarKind<string>
{
    /// <inheritdoc/>
    public override string Noun => "a host";

    /// <inheritdoc/>
    public override string Example => "api.example.com or \"*.example.com\"";

    /// <inheritdoc/>
    protected override string Pattern => $@"{HostPattern.Pattern}|\[[0-9A-Fa-f:.]+\]";

    /// <inheritdoc/>
    public override bool TryParse(string text, out string value)
    {
        value = text.ToLowerInvariant();
        return HostPattern.IsValid(value) || IsAddress(value);
    }

    /// <inheritdoc/>
    public override string? Print(string value) => value;

    /// <inheritdoc/>
    public override string? Advice(string text)
    {
        var colon = text.LastIndexOf(':');
        return text == "*" ? "leave 'host' out: the route is for every host then"
            : text.Contains("://", StringComparison.Ordinal) ? "leave the scheme and the path out"
            : AddressText.TryParseIp(text, out _) ? $"write \"[{text}]\""
            : colon > 0 && TryParse(text[..colon], out var host) ? $"the port of a request counts for nothing; write {(host.StartsWith('*') ? $"\"{host}\"" : host)}"
            : HostPattern.Advice(text);
    }

    private static bool IsAddress(string text) => text.StartsWith('[') == text.Contains(':', StringComparison.Ordinal)
        && text.StartsWith('[') == text.EndsWith(']') && AddressText.TryParseIp(text.Trim('[', ']'), out _);
}

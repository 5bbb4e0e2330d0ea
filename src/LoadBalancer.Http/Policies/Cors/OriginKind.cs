using System.Globalization;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Values;

namespace LoadBalancer.Http.Policies.Cors;

/// <summary>
/// The kind of an item of <c>cors.origins</c>: an origin as browsers write it (RFC 6454 section 6.2), in lower case and without the port of its
/// scheme; <c>*.</c> before a suffix, which is <c>https://*.</c>; or <c>*</c>.
/// </summary>
internal sealed class OriginKind : ScalarKind<string>
{
    /// <summary>Every origin.</summary>
    public const string Any = "*";

    private const string Https = "https://";
    private const string Http = "http://";
    private const string Wildcard = "*.";

    // RFC 6761, and RFC 6762 appendix G: top-level names that a network gives out by itself, and no registry to strangers.
    private static readonly string[] PrivateNames = ["local", "localhost", "test", "internal", "intranet", "private", "corp", "home", "lan"];

    /// <summary>True for a wildcard right under a name of one label: a top-level domain, below which anybody can have a name.</summary>
    /// <param name="origin">An origin as this kind reads it.</param>
    public static bool IsOfStrangers(string origin) =>
        origin.IndexOf(Wildcard, StringComparison.Ordinal) is >= 0 and var at
        && origin[(at + Wildcard.Length)..].Split(':')[0] is var suffix && !suffix.Contains('.', StringComparison.Ordinal) && !PrivateNames.Contains(suffix);

    /// <inheritdoc/>
    public override string Noun => "an origin";

    /// <inheritdoc/>
    public override string Example => "https://app.example.com, \"*.example.com\" or \"*\"";

    /// <inheritdoc/>
    protected override string Pattern => @"\*|\*\.[A-Za-z0-9_.-]+|[Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9*_.:\[\]-]+";

    /// <inheritdoc/>
    public override bool TryParse(string text, out string value)
    {
        value = text.ToLowerInvariant();
        if (value == Any)
        {
            return true;
        }

        value = value.StartsWith(Wildcard, StringComparison.Ordinal) ? Https + value : value;
        var isHttps = value.StartsWith(Https, StringComparison.Ordinal);
        if (!isHttps && !value.StartsWith(Http, StringComparison.Ordinal))
        {
            return false;
        }

        var (scheme, authority) = isHttps ? (Https, value[Https.Length..]) : (Http, value[Http.Length..]);
        var colon = authority.LastIndexOf(':');
        var hasPort = colon > authority.LastIndexOf(']');
        var host = hasPort ? authority[..colon] : authority;
        var port = isHttps ? 443 : 80;
        if (hasPort && (!int.TryParse(authority[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is 0 or > 65535))
        {
            return false;
        }

        value = scheme + host + (port == (isHttps ? 443 : 80) ? "" : FormattableString.Invariant($":{port}"));
        return IsHost(host) && (isHttps || !host.StartsWith(Wildcard, StringComparison.Ordinal));
    }

    /// <inheritdoc/>
    public override string? Print(string value) => value;

    /// <inheritdoc/>
    public override string? Advice(string text) => text.ToLowerInvariant() switch
    {
        "null" => "'null' is the origin of whoever hides theirs, and never allowed",
        var http when http.StartsWith(Http + Wildcard, StringComparison.Ordinal) => "a wildcard is for https only: anybody on the way may be a host of a name in the clear",
        var url when url.Contains("://", StringComparison.Ordinal) && url.IndexOf('/', url.IndexOf("://", StringComparison.Ordinal) + 3) >= 0 => "an origin has no path: leave it and the slash out",
        var host when !host.Contains("://", StringComparison.Ordinal) && HostPattern.IsValid(host) => $"write {Https}{host}",
        _ => null,
    };

    private static bool IsHost(string host) => HostPattern.IsValid(host) || AddressText.TryParseIp(host.Trim('[', ']'), out _);
}

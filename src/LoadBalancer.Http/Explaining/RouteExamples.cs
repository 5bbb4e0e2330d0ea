using System.Text.RegularExpressions;
using LoadBalancer.Configuration;
using LoadBalancer.Http.Routing;

namespace LoadBalancer.Http.Explaining;

/// <summary>
/// Requests that a route means, or that two routes mean both. Whether such a request is led by that route is for a <see cref="RouteTable"/> to say: another
/// may be more specific, so several are made of each, that differ where one route hides the other. Of a regular expression one is
/// tried to be made, and none is given where that fails.
/// </summary>
internal static partial class RouteExamples
{
    private const string AnyHost = "any.example";

    // What a captured segment or the star may stand for; two, since a route may have one of them as its literal.
    private static readonly string[] Fillings = ["example", "1"];

    /// <summary>Requests that the route means.</summary>
    public static IEnumerable<RequestExample> Of(RouteOptions route) => Of(route, new RouteOptions());

    /// <summary>Requests that both routes mean; none where there are none.</summary>
    public static IEnumerable<RequestExample> Of(RouteOptions one, RouteOptions other)
    {
        if (Hosts(one.Host, other.Host) is not { } host || Methods(one.Methods, other.Methods) is not { Length: > 0 } methods
            || Both(one.Headers, other.Headers, StringComparer.OrdinalIgnoreCase) is not { } headers || Both(one.Query, other.Query, StringComparer.Ordinal) is not { } query)
        {
            return [];
        }

        return Paths(one.Pattern, other.Pattern).Distinct(StringComparer.Ordinal)
            .SelectMany(path => methods.Select(method => new RequestExample(method, host, path, headers, query)));
    }

    private static string? Hosts(string? one, string? other) => (one, other) switch
    {
        (null, null) => AnyHost,
        (null, { } host) => HostOf(host),
        ({ } host, null) => HostOf(host),
        ({ } host, { } second) when host == second => HostOf(host),
        ({ } host, { } second) when IsBelow(host, second) => HostOf(host),
        ({ } host, { } second) when IsBelow(second, host) => HostOf(second),
        _ => null,
    };

    private static string HostOf(string host) => host.StartsWith('*') ? $"example{host[1..]}" : host;

    private static bool IsBelow(string host, string wildcard) => wildcard.StartsWith('*') && host.EndsWith(wildcard[1..], StringComparison.Ordinal) && host.Length >= wildcard.Length;

    // The usual ones and an unusual one, where all are meant: what takes some methods only divides them.
    private static string[] Methods(ValueList<string> one, ValueList<string> other)
    {
        string[] usual = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"];
        return one.Count == 0 ? other.Count == 0 ? usual : [.. other]
            : other.Count == 0 ? [.. one]
            : [.. one.Where(other.Contains)];
    }

    private static KeyValuePair<string, string>[]? Both(ValueMap<string> one, ValueMap<string> other, StringComparer names)
    {
        var both = new Dictionary<string, string>(one, names);
        return other.All(pair => both.TryAdd(pair.Key, pair.Value) || both[pair.Key] == pair.Value) ? [.. both] : null;
    }

    private static IEnumerable<string> Paths(PathPattern one, PathPattern other)
    {
        if (!one.Overlaps(other))
        {
            return [];
        }

        if (one.Form == PathForm.Regex || other.Form == PathForm.Regex)
        {
            var (regex, second) = one.Form == PathForm.Regex ? (one, other) : (other, one);
            var candidates = second.Form == PathForm.Regex ? Sample(second.Text).Concat(Sample(regex.Text)) : Sample(regex.Text).Concat(Paths(second, PathPattern.Any));
            return candidates.Where(path => path.StartsWith('/') && Fits(regex, path) && Fits(second, path));
        }

        var (longer, shorter) = one.Segments.Count >= other.Segments.Count ? (one.Segments.ToArray(), other.Segments.ToArray()) : (other.Segments.ToArray(), one.Segments.ToArray());
        var isOpen = (one.Form is PathForm.Prefix or PathForm.Any) && (other.Form is PathForm.Prefix or PathForm.Any);
        return Fillings.SelectMany(filling =>
        {
            var segments = longer.Select((segment, at) =>
                !segment.IsCaptured ? segment.Literal.ToString()
                : at < shorter.Length && !shorter[at].IsCaptured ? shorter[at].Literal.ToString()
                : filling);
            var path = $"/{string.Join('/', segments)}";
            return isOpen ? (string[])[path, path == "/" ? $"/{filling}" : $"{path}/{filling}"] : [path];
        });
    }

    private static bool Fits(PathPattern pattern, string path) => pattern.Form switch
    {
        PathForm.Any => true,
        PathForm.Regex => pattern.Regex!.IsMatch(path),
        _ => PathPattern.TryParse(path, out var exact, out _) && exact.Overlaps(pattern),
    };

    /// <summary>Texts that a regular expression may mean: its usual parts, each by something that it stands for. The expression itself has the last word.</summary>
    private static IEnumerable<string> Sample(string regex)
    {
        foreach (var (digit, letter, rest) in new[] { ("1", "example", "example"), ("42", "a", ""), ("1", "x", "x/y") })
        {
            var text = Anchors().Replace(regex, "");
            text = CountedClass().Replace(text, match => match.Groups["digits"].Success ? Repeated("1", match, digit) : Repeated("a", match, letter));
            text = Dots().Replace(text, match => match.Value.EndsWith('+') && rest.Length == 0 ? "x" : rest);
            for (var before = ""; before != text;)
            {
                before = text;
                text = Group().Replace(text, match => match.Groups["none"].Success ? "" : match.Groups["first"].Value);
            }

            text = Alternatives().Replace(text, "");
            yield return Escape().Replace(Optional().Replace(text, ""), "$1");
        }
    }

    private static string Repeated(string one, Match match, string usual) =>
        match.Groups["count"].Success ? string.Concat(Enumerable.Repeat(one, Math.Clamp(int.Parse(match.Groups["count"].Value, System.Globalization.CultureInfo.InvariantCulture), 1, 64)))
        : match.Groups["many"].Success ? usual
        : one;

    [GeneratedRegex(@"^\^|\$$|\\A|\\z|\\Z")]
    private static partial Regex Anchors();

    [GeneratedRegex(@"(?:(?<digits>\\d|\[0-9\])|\\w|\[\^/\]|\[[^\]\\]+\])(?:(?<many>[+*])\??|\{(?<count>\d{1,3})(?:,\d*)?\})?")]
    private static partial Regex CountedClass();

    [GeneratedRegex(@"(?<!\\)\.[*+]\??")]
    private static partial Regex Dots();

    [GeneratedRegex(@"\((?:\?(?::|<\w+>))?(?<first>[^()|]*)(?:\|[^()]*)?\)(?<none>[?*])?\+?")]
    private static partial Regex Group();

    [GeneratedRegex(@"\|.*$")]
    private static partial Regex Alternatives();

    [GeneratedRegex(@"(?<!\\)[^\\]\?")]
    private static partial Regex Optional();

    [GeneratedRegex(@"\\(.)")]
    private static partial Regex Escape();
}

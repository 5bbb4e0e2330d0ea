using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Explaining;

/// <summary>
/// Takes secrets out of what is shown: the values of header fields, cookies and query parameters that carry credentials, and every text that the
/// file has from a reference such as <c>${credential:NAME}</c>. Immutable and thread-safe.
/// </summary>
/// <param name="fields">Names of further fields that carry credentials, of the file.</param>
/// <param name="parameters">Names of query parameters that do.</param>
/// <param name="texts">Texts that are secret wherever they stand.</param>
internal sealed class Redaction(IEnumerable<string> fields, IEnumerable<string> parameters, IEnumerable<Secret> texts)
{
    // What is usual, and a file need not name: a key that a route does not look at is one nevertheless.
    private static readonly string[] UsualFields = ["Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-API-Key", "Api-Key", "X-Auth-Token"];
    private static readonly string[] UsualParameters = ["access_token", "id_token", "refresh_token", "token", "api_key", "apikey", "key", "password", "secret", "client_secret", "code", "signature", "sig"];

    // A shorter text is in everything.
    private const int ShortestText = 6;

    /// <summary>Of a file that names nothing of its own.</summary>
    public static Redaction None { get; } = new([], [], []);

    private readonly HashSet<string> _fields = new(UsualFields.Concat(fields), StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _parameters = new(UsualParameters.Concat(parameters), StringComparer.OrdinalIgnoreCase);
    private readonly string[] _texts = [.. texts.Select(text => text.Reveal()).Where(text => text.Length >= ShortestText).Distinct(StringComparer.Ordinal).OrderByDescending(text => text.Length)];

    /// <summary>A header line <c>Name: value</c> that may be shown. The name of a cookie, and the scheme of a credential, stay.</summary>
    public string Field(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            return Text(line);
        }

        var (name, value) = (line[..colon], line[(colon + 1)..].Trim());
        return _fields.Contains(name.Trim()) ? $"{name}: {Secret.Shown}"
            : name.Equals("Location", StringComparison.OrdinalIgnoreCase) || name.Equals("Referer", StringComparison.OrdinalIgnoreCase) ? $"{name}: {Text(Query(value))}"
            : $"{name}: {Text(value)}";
    }

    /// <summary>A URL, or the first line of a request, whose query may be shown.</summary>
    public string Query(string text)
    {
        var start = text.IndexOf('?', StringComparison.Ordinal);
        if (start < 0)
        {
            return Text(text);
        }

        var end = text.IndexOf(' ', start);
        end = end < 0 ? text.Length : end;
        var pairs = text[(start + 1)..end].Split('&').Select(pair => pair.IndexOf('=', StringComparison.Ordinal) is var equals and > 0 && _parameters.Contains(Decoded(pair[..equals]))
            ? $"{pair[..equals]}={Secret.Shown}"
            : pair);
        return Text($"{text[..(start + 1)]}{string.Join('&', pairs)}{text[end..]}");
    }

    /// <summary>Any other text.</summary>
    public string Text(string text) => _texts.Aggregate(text, (shown, secret) => shown.Replace(secret, Secret.Shown, StringComparison.Ordinal));

    // A name that is written otherwise is the same name for whoever reads the query.
    private static string Decoded(string name) => Uri.UnescapeDataString(name.Replace('+', ' '));
}

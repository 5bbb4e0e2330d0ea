using LoadBalancer.Configuration;

namespace LoadBalancer.Upstreams;

/// <summary>The kind of the file's <c>hash.on</c>.</summary>
internal sealed class HashSourceKind : ScalarKind<HashSource>
{
    /// <summary>What a field's name is written behind.</summary>
    public const string Header = "header:";

    /// <summary>What a cookie's name is written behind.</summary>
    public const string Cookie = "cookie:";

    /// <summary>What a claim's name is written behind.</summary>
    public const string Claim = "claim:";

    private const int LongestName = 256;

    private static readonly string[] Words = ["client_ip", "path", Header, Cookie, Claim];

    /// <inheritdoc/>
    public override string Noun => "client_ip, path, header:NAME, cookie:NAME or claim:NAME";

    /// <inheritdoc/>
    public override string Example => "";

    /// <inheritdoc/>
    protected override string Pattern => $"client_ip|path|(header|cookie):{Kinds.TokenPattern}|claim:[!-~]{{1,{LongestName}}}";

    /// <inheritdoc/>
    public override bool TryParse(string text, out HashSource value)
    {
        value = text switch
        {
            "path" => new HashSource(HashSourceType.Path),
            _ when text.StartsWith(Header, StringComparison.Ordinal) => new HashSource(HashSourceType.Header, text[Header.Length..]),
            _ when text.StartsWith(Cookie, StringComparison.Ordinal) => new HashSource(HashSourceType.Cookie, text[Cookie.Length..]),
            _ when text.StartsWith(Claim, StringComparison.Ordinal) => new HashSource(HashSourceType.Claim, text[Claim.Length..]),
            _ => HashSource.ClientIp,
        };
        return value.Type switch
        {
            HashSourceType.Header or HashSourceType.Cookie => value.Name.Length is > 0 and <= LongestName
                && value.Name.All(letter => char.IsAsciiLetterOrDigit(letter) || "!#$%&'*+-.^_`|~".Contains(letter, StringComparison.Ordinal)),
            HashSourceType.Claim => value.Name.Length is > 0 and <= LongestName && value.Name.All(letter => letter is >= '!' and <= '~'),
            _ => text is "client_ip" or "path",
        };
    }

    /// <inheritdoc/>
    public override string? Print(HashSource value) => value.ToString();

    /// <inheritdoc/>
    public override string? Advice(string text) => NearestName.Of(text, Words) is { } near ? $"did you mean '{near}'?" : null;
}

using LoadBalancer.Configuration;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>The kind of an item of the file's <c>rate_limits.NAME.key</c>.</summary>
internal sealed class LimitKeySourceKind : ScalarKind<LimitKeySource>
{
    /// <summary>What a field's name is written behind.</summary>
    public const string Header = "header:";

    /// <summary>What a claim's name is written behind.</summary>
    public const string Claim = "claim:";

    private const int LongestName = 256;

    private static readonly string[] Words = ["identity", "client_ip", Header, Claim, "route"];

    /// <inheritdoc/>
    public override string Noun => "identity, client_ip, header:NAME, claim:NAME or route";

    /// <inheritdoc/>
    public override string Example => "";

    /// <inheritdoc/>
    protected override string Pattern => $"identity|client_ip|route|header:{Kinds.TokenPattern}|claim:[!-~]{{1,{LongestName}}}";

    /// <inheritdoc/>
    public override bool TryParse(string text, out LimitKeySource value)
    {
        value = text switch
        {
            "identity" => new LimitKeySource(LimitKeySourceType.Identity),
            "route" => new LimitKeySource(LimitKeySourceType.Route),
            _ when text.StartsWith(Header, StringComparison.Ordinal) => new LimitKeySource(LimitKeySourceType.Header, text[Header.Length..]),
            _ when text.StartsWith(Claim, StringComparison.Ordinal) => new LimitKeySource(LimitKeySourceType.Claim, text[Claim.Length..]),
            _ => new LimitKeySource(LimitKeySourceType.ClientIp),
        };
        return value.Type switch
        {
            LimitKeySourceType.Header => value.Name.Length is > 0 and <= LongestName
                && value.Name.All(letter => char.IsAsciiLetterOrDigit(letter) || "!#$%&'*+-.^_`|~".Contains(letter, StringComparison.Ordinal)),
            LimitKeySourceType.Claim => value.Name.Length is > 0 and <= LongestName && value.Name.All(letter => letter is >= '!' and <= '~'),
            _ => text is "identity" or "client_ip" or "route",
        };
    }

    /// <inheritdoc/>
    public override string? Print(LimitKeySource value) => value.ToString();

    /// <inheritdoc/>
    public override string? Advice(string text) => text switch
    {
        "ip" or "address" or "remote_addr" => "the client's address is client_ip",
        "user" or "sub" or "consumer" or "api_key" => "who calls is identity",
        _ => NearestName.Of(text, Words) is { } near ? $"did you mean '{near}'?" : null,
    };
}

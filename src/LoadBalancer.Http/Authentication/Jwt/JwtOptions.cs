using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>Callers that bring a JSON web token: the file's <c>auth.NAME.jwt</c>.</summary>
internal sealed record JwtOptions : IConfigurable<JwtOptions>
{
    /// <inheritdoc/>
    public static Shape<JwtOptions> Shape { get; } = new Shape<JwtOptions>(
        "jwt", "A signed token that says who calls (RFC 7519, verified as RFC 8725 wants it).",
        "{issuer: \"https://issuer.example.com\", audiences: [api], keys: \"https://issuer.example.com/.well-known/jwks.json\", algorithms: [RS256]}", () => new())
    {
        {
            "issuer", Kinds.Text(1024), o => o.Issuer, (o, value) => o with { Issuer = value },
            "What the claim `iss` has to be, to the letter: a slash at its end counts.", Presence.Required
        },
        {
            "audiences", Kinds.List(Kinds.Text(1024)).Or("any", []), o => o.Audiences, (o, value) => o with { Audiences = value },
            "Whom tokens have to be for: the claim `aud` is one of these, or has one of them. With `any` a token that the issuer made for another service is taken too.", Presence.Required
        },
        {
            "keys", Kinds.Record<JwtKeysOptions>(), o => o.Keys, (o, value) => o with { Keys = value },
            "Where the issuer's keys come from.", Presence.Required
        },
        {
            "algorithms", Kinds.List(Kinds.Word(JwtAlgorithmNames.All)), o => o.Algorithms, (o, value) => o with { Algorithms = value },
            "What tokens may be signed with. A key verifies only those of them that are of its own kind, so nothing is taken from a token's header alone.", Presence.Required
        },
        {
            "leeway", Kinds.Duration("0s", "1m"), o => o.Leeway, (o, value) => o with { Leeway = value },
            "By how much the issuer's clock may be another than this machine's: a token is taken so much before `nbf` and after `exp`."
        },
        {
            "header", Kinds.Token("the name of a header field", "X-Token").OrNull("none"), o => o.Header, (o, value) => o with { Header = value },
            "A field that may have the token, besides `Authorization: Bearer`. A request with two tokens is refused."
        },
        {
            "cookie", Kinds.Token("the name of a cookie", "token").OrNull("none"), o => o.Cookie, (o, value) => o with { Cookie = value },
            "A cookie that may have it. Browsers send cookies with requests that other sites have made: let it be SameSite, or check origins."
        },
        {
            "query", Kinds.Text(64).OrNull("none"), o => o.Query, (o, value) => o with { Query = value },
            "A query parameter that may have it, for clients that cannot send a field, such as WebSockets in browsers. URLs end up in logs and histories; lb's own log shows queries only where it is told to."
        },
        {
            "keep_credential", Kinds.Boolean, o => o.KeepCredential, (o, value) => o with { KeepCredential = value },
            "Whether the endpoint gets the token too."
        },
    }.Including(ClaimOptions.Shape, o => o.Claims, (o, value) => o with { Claims = value });

    /// <summary>What <c>iss</c> has to be.</summary>
    public string Issuer { get; init; } = null!;

    /// <summary>One of which <c>aud</c> has to have; empty for any.</summary>
    public ValueList<string> Audiences { get; init; }

    /// <summary>Where keys come from.</summary>
    public JwtKeysOptions Keys { get; init; } = new();

    /// <summary>What tokens may be signed with.</summary>
    public ValueList<string> Algorithms { get; init; }

    /// <summary>By how much clocks may differ. An issuer's is a second ahead more often than not, and its tokens are used at once.</summary>
    public TimeSpan Leeway { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A field that may have the token; null for none.</summary>
    public string? Header { get; init; }

    /// <summary>A cookie that may have it; null for none.</summary>
    public string? Cookie { get; init; }

    /// <summary>A query parameter that may have it; null for none.</summary>
    public string? Query { get; init; }

    /// <summary>True where the endpoint gets it too.</summary>
    public bool KeepCredential { get; init; } = true;

    /// <summary>What claims mean.</summary>
    internal ClaimOptions Claims { get; init; } = new();
}

using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>Where the keys of an issuer come from: the file's <c>keys</c>, which has exactly one of <c>from</c> and <c>secret</c>.</summary>
internal sealed record JwtKeysOptions : IConfigurable<JwtKeysOptions>
{
    /// <inheritdoc/>
    public static Shape<JwtKeysOptions> Shape { get; } = new(
        "jwt_keys", "Where an issuer's keys come from.", "{from: \"https://issuer.example.com/.well-known/jwks.json\"}", () => new(), shortForm: "from")
    {
        {
            "from", new KeyLocationKind().OrNull("none"), o => o.From, (o, value) => o with { From = value },
            "The URL of a JWK set, which is fetched again before it is old and when a token names a key that it lacks; or a file with a JWK set or public keys in PEM, which is read again when it changes. A relative path is from the folder of the file that says it."
        },
        {
            "secret", Kinds.Secret.OrNull("none"), o => o.Secret, (o, value) => o with { Secret = value },
            "The secret of HS256, HS384 and HS512, as a text: at least 32, 48 and 64 bytes. Whoever verifies with it can make tokens too."
        },
        {
            "ca", Kinds.FilePath.OrNull("none"), o => o.Ca, (o, value) => o with { Ca = value },
            "The authorities in PEM that may vouch for the certificate of the URL's host; `none` for those of the machine."
        },
        {
            "allow_http", Kinds.Boolean, o => o.AllowHttp, (o, value) => o with { AllowHttp = value },
            "Whether the URL may be http, where whoever is on the way can give lb keys of its own. Always allowed on this machine."
        },
    };

    /// <summary>A URL, or the full path of a file; null where there is a secret.</summary>
    public string? From { get; init; }

    /// <summary>The secret; null where there is a place.</summary>
    public Secret? Secret { get; init; }

    /// <summary>Who may vouch for the URL's host; null for the machine's authorities.</summary>
    public string? Ca { get; init; }

    /// <summary>True where the URL may be in clear.</summary>
    public bool AllowHttp { get; init; }

    /// <summary>The URL; null where it is none.</summary>
    public Uri? Url => KeyLocationKind.IsUrl(From) ? new Uri(From!) : null;

    /// <summary>The file; null where it is none.</summary>
    public string? File => From is null || KeyLocationKind.IsUrl(From) ? null : From;

    /// <summary>How far the URL is trusted.</summary>
    public OutboundTrust Trust => new(Ca, AllowHttp);
}

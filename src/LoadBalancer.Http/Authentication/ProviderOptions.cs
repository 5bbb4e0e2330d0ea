using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication.Jwt;

namespace LoadBalancer.Http.Authentication;

/// <summary>A named way to establish who calls: the file's <c>auth.NAME</c>, which has exactly one of the keys.</summary>
internal sealed record ProviderOptions : IConfigurable<ProviderOptions>
{
    /// <inheritdoc/>
    public static Shape<ProviderOptions> Shape { get; } = new(
        "auth_provider", "A way to establish who calls. It has exactly one key.",
        "{jwt: {issuer: \"https://issuer.example.com\", audiences: [api], keys: \"https://issuer.example.com/.well-known/jwks.json\", algorithms: [RS256]}}", () => new())
    {
        {
            "jwt", Kinds.Record(JwtOptions.Shape).OrNull("none"), o => o.Jwt, (o, value) => o with { Jwt = value },
            "A signed token that says who calls."
        },
    };

    /// <summary>A signed token; null for another kind.</summary>
    public JwtOptions? Jwt { get; init; }

    /// <summary>The header fields by which endpoints learn of its identities.</summary>
    public IEnumerable<string> IdentityHeaders =>
    [
        .. Jwt?.Claims.Forward.Values ?? [],
    ];
}

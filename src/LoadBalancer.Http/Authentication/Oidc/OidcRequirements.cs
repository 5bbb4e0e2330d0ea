using System.Collections.Frozen;
using System.Collections.Immutable;
using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>How somebody has to have logged in: the file's <c>auth.NAME.oidc.require</c>.</summary>
internal sealed record OidcRequirements : IConfigurable<OidcRequirements>
{
    /// <inheritdoc/>
    public static Shape<OidcRequirements> Shape { get; } = new("oidc_requirements", "How somebody has to have logged in.", "{amr: [mfa]}", () => new())
    {
        {
            "amr", Kinds.List(Kinds.Text(64)).Or("any", []), o => o.Amr, (o, value) => o with { Amr = value },
            "The methods that have to have been used, each of them: `mfa`, `otp`, `hwk` (RFC 8176)."
        },
        {
            "acr", Kinds.List(Kinds.Text(256)).Or("any", []), o => o.Acr, (o, value) => o with { Acr = value },
            "The levels of assurance of which it has to have been one; they are asked for as well."
        },
    };

    /// <summary>The methods, all of which are needed.</summary>
    public ValueList<string> Amr { get; init; }

    /// <summary>The levels, of which one is needed; empty for any.</summary>
    public ValueList<string> Acr { get; init; }

    /// <summary>True where a login with these claims is one.</summary>
    public bool AreMet(FrozenDictionary<string, ImmutableArray<string>> claims) =>
        Amr.All(claims.GetValueOrDefault("amr", []).Contains) && (Acr.Count == 0 || claims.GetValueOrDefault("acr", []).Any(Acr.Contains));
}

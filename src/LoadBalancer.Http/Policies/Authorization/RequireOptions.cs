using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Values;

namespace LoadBalancer.Http.Policies.Authorization;

/// <summary>What a caller has to be: a route's <c>require</c>. All that is written has to be true.</summary>
internal sealed record RequireOptions : IConfigurable<RequireOptions>
{
    // RFC 6749 section 3.3; and so it needs no escape in a challenge.
    private static readonly Kind<string> Scope = new TextKind("a scope", "trips:read", @"[!#-\[\]-~]{1,256}");

    /// <inheritdoc/>
    public static Shape<RequireOptions> Shape { get; } = new(
        "require", "What a caller has to be, whom `auth` has found out. All that is written has to be true, else the answer is 403; nobody gets 401.",
        """{roles: [rider], scopes: ["trips:read"], claims: {tenant: acme, sub: "${path.id}"}}""", () => new())
    {
        {
            "roles", Kinds.List(Kinds.Text(256)).Or("none", []), o => o.Roles, (o, value) => o with { Roles = value },
            "Roles of which the caller has to have one."
        },
        {
            "scopes", Kinds.List(Scope).Or("none", []), o => o.Scopes, (o, value) => o with { Scopes = value },
            "Scopes that the caller has to have, all of them."
        },
        {
            "claims", Kinds.ByClaim(Kinds.List(Kinds.Template(1024))).Or("none", ValueMap<ValueList<string>>.Empty), o => o.Claims, (o, value) => o with { Claims = value },
            "Claims and what each has to be: a text, one of a list, or a template such as `\"${path.id}\"`, of which the percent-encoding is undone. The whole text is compared, upper and lower case are not the same, " +
            "and of a claim with several values one is enough. A claim that is not there, and a variable that is empty, is never what it has to be."
        },
    };

    /// <summary>Roles of which one is needed; empty for none.</summary>
    public ValueList<string> Roles { get; init; }

    /// <summary>Scopes that are all needed.</summary>
    public ValueList<string> Scopes { get; init; }

    /// <summary>What claims have to be, by name: one of some templates.</summary>
    public ValueMap<ValueList<string>> Claims { get; init; } = ValueMap<ValueList<string>>.Empty;
}

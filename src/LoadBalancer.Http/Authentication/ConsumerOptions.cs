using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication;

/// <summary>A caller that the file declares: the file's <c>consumers.NAME</c>.</summary>
internal sealed record ConsumerOptions : IConfigurable<ConsumerOptions>
{
    /// <inheritdoc/>
    public static Shape<ConsumerOptions> Shape { get; } = new(
        "consumer", "A caller that the file declares.", "{api_keys: \"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\", plan: partner}", () => new())
    {
        {
            "api_keys", Kinds.List(KeyHashKind.Instance).Or("none", []), o => o.ApiKeys, (o, value) => o with { ApiKeys = value },
            "The SHA-256 of its keys, for providers of the kind `api_key`. Keys that come and go are better in a key file."
        },
        {
            "plan", Kinds.Name("the name of a plan").OrNull("none"), o => o.Plan, (o, value) => o with { Plan = value },
            "The plan whose limits hold for it."
        },
        {
            "roles", Kinds.List(Kinds.Text(256)).Or("none", []), o => o.Roles, (o, value) => o with { Roles = value },
            "Its roles, for `require`."
        },
        {
            "scopes", Kinds.List(Kinds.Text(256)).Or("none", []), o => o.Scopes, (o, value) => o with { Scopes = value },
            "Its scopes, for `require`."
        },
    };

    /// <summary>The hashes of its keys.</summary>
    public ValueList<KeyHash> ApiKeys { get; init; }

    /// <summary>Its plan; null for none.</summary>
    public string? Plan { get; init; }

    /// <summary>Its roles.</summary>
    public ValueList<string> Roles { get; init; }

    /// <summary>Its scopes.</summary>
    public ValueList<string> Scopes { get; init; }
}

using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication;

/// <summary>A caller that the file declares: the file's <c>consumers.NAME</c>.</summary>
internal sealed record ConsumerOptions : IConfigurable<ConsumerOptions>
{
    /// <inheritdoc/>
    public static Shape<ConsumerOptions> Shape { get; } = new(
        "consumer", "A caller that the file declares.", "{plan: partner, roles: [buyer]}", () => new())
    {
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

    /// <summary>Its plan; null for none.</summary>
    public string? Plan { get; init; }

    /// <summary>Its roles.</summary>
    public ValueList<string> Roles { get; init; }

    /// <summary>Its scopes.</summary>
    public ValueList<string> Scopes { get; init; }
}

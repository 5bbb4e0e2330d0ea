using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication;

/// <summary>What claims mean for lb and for endpoints: keys that stand beside a provider's own.</summary>
internal sealed record ClaimOptions : IConfigurable<ClaimOptions>
{
    /// <inheritdoc/>
    public static Shape<ClaimOptions> Shape { get; } = new("claims", "What claims mean.", "{plan_claim: tier, forward: {sub: X-User-Id}}", () => new())
    {
        {
            "plan_claim", Kinds.Text(256).OrNull("none"), o => o.PlanClaim, (o, value) => o with { PlanClaim = value },
            "The claim that names the caller's plan; a claim within another has a dotted name, such as `account.tier`."
        },
        {
            "roles_claim", Kinds.Text(256), o => o.RolesClaim, (o, value) => o with { RolesClaim = value },
            "The claim that lists the caller's roles, such as `realm_access.roles`."
        },
        {
            "forward", IdentityHeaderKind.ByClaim, o => o.Forward, (o, value) => o with { Forward = value },
            "The header fields by which the endpoint learns of claims: the claim's name and the field's. Several values have commas between them; a comma, a percent sign and what no field can hold are percent-encoded. No client can supply these fields."
        },
    };

    /// <summary>The claim with the plan; null for none.</summary>
    public string? PlanClaim { get; init; }

    /// <summary>The claim with the roles.</summary>
    public string RolesClaim { get; init; } = "roles";

    /// <summary>Which claim becomes which header field.</summary>
    public ValueMap<string> Forward { get; init; } = ValueMap<string>.Empty;

    /// <summary>How claims become identities.</summary>
    /// <param name="provider">The provider's name in the file.</param>
    public IdentityMapping MappingOf(string provider) => new(provider, RolesClaim, PlanClaim, Forward);
}

using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Values;

namespace LoadBalancer.Http.Authentication.ApiKeys;

/// <summary>One key of a key file: an item of its list.</summary>
/// <param name="Id">What it is called by; in the key itself too, where lb made it.</param>
internal sealed record ApiKeyRecord(string Id) : IConfigurable<ApiKeyRecord>
{
    /// <inheritdoc/>
    public static Shape<ApiKeyRecord> Shape { get; } = new(
        "api_key_record", "One key of a key file.",
        "{id: k7m2q9, hash: \"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\", consumer: acme, expires: 2027-01-31T12:00:00Z}", () => new((string)null!))
    {
        {
            "id", IdKind, o => o.Id, (o, value) => o with { Id = value },
            "What the key is called by.", Presence.Required
        },
        {
            "hash", KeyHashKind.Instance, o => o.Hash, (o, value) => o with { Hash = value },
            "The SHA-256 of the key.", Presence.Required
        },
        {
            "consumer", Kinds.Name("the name of an entry of 'consumers'").OrNull("none"), o => o.Consumer, (o, value) => o with { Consumer = value },
            "Whose key it is: an entry of `consumers` in lb.yaml, which says its plan, roles and scopes where the key does not."
        },
        {
            "subject", SubjectKind.OrNull("none"), o => o.Subject, (o, value) => o with { Subject = value },
            "Whose key it is, where that is no entry of `consumers`; the key's id where nothing says so."
        },
        {
            "plan", Kinds.Name("the name of a plan").OrNull("none"), o => o.Plan, (o, value) => o with { Plan = value },
            "The plan whose limits hold for it."
        },
        {
            "roles", Kinds.List(Kinds.Text(256)), o => o.Roles, (o, value) => o with { Roles = value },
            "Its roles, in place of the consumer's."
        },
        {
            "scopes", Kinds.List(Kinds.Text(256)), o => o.Scopes, (o, value) => o with { Scopes = value },
            "Its scopes, in place of the consumer's."
        },
        {
            "expires", Kinds.Timestamp.OrNothing("never"), o => o.Expires, (o, value) => o with { Expires = value },
            "From when on it is refused."
        },
        {
            "revoked", Kinds.Boolean, o => o.Revoked, (o, value) => o with { Revoked = value },
            "Whether it is refused from now on."
        },
    };

    private static Kind<string> IdKind => new TextKind("letters, digits, dots and hyphens", "k7m2q9", ApiKeyText.IdPattern);

    private static Kind<string> SubjectKind => Kinds.Text(256);

    /// <summary>The SHA-256 of the key.</summary>
    public KeyHash Hash { get; init; }

    /// <summary>The consumer whose key it is; null for none.</summary>
    public string? Consumer { get; init; }

    /// <summary>Who else's it is; null where nothing says so.</summary>
    public string? Subject { get; init; }

    /// <summary>Its plan; null for the consumer's.</summary>
    public string? Plan { get; init; }

    /// <summary>Its roles; empty for the consumer's.</summary>
    public ValueList<string> Roles { get; init; }

    /// <summary>Its scopes; empty for the consumer's.</summary>
    public ValueList<string> Scopes { get; init; }

    /// <summary>From when on it is refused; null for never.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>True where it is refused whatever the time.</summary>
    public bool Revoked { get; init; }
}

using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication.ApiKeys;

/// <summary>Callers by the keys that they send: the file's <c>auth.NAME.api_key</c>.</summary>
internal sealed record ApiKeyOptions : IConfigurable<ApiKeyOptions>
{
    /// <summary>The field that has the key where the file names no other place.</summary>
    public const string UsualHeader = "X-API-Key";

    /// <inheritdoc/>
    public static Shape<ApiKeyOptions> Shape { get; } = new(
        "api_key", "Callers by the keys that they send: those of `consumers`, and those of a key file.", "{header: X-API-Key, file: /etc/lb/keys.yaml}", () => new())
    {
        {
            "header", Kinds.Token("the name of a header field", UsualHeader).OrNull("none"), o => o.Header, (o, value) => o with { Header = value },
            $"The header field that has the key; {UsualHeader} where neither this nor `query` is there."
        },
        {
            "query", Kinds.Token("the name of a query parameter", "api_key").OrNull("none"), o => o.Query, (o, value) => o with { Query = value },
            "The query parameter that has the key. URLs are written down in many places: prefer the header. The access log shows `***` for it."
        },
        {
            "file", Kinds.FilePath.OrNull("none"), o => o.File, (o, value) => o with { File = value },
            "A file of keys, as `lb keys` writes it: a list of `{id, hash, consumer or subject, plan, roles, scopes, expires, revoked}`. A change takes effect without a reload."
        },
        {
            "forward", ForwardedClaims.Kind("subject", "plan", "roles", "scopes", "key_id"), o => o.Forward, (o, value) => o with { Forward = value },
            "The header fields by which endpoints learn who calls. What clients send in these fields is removed from every request."
        },
        {
            "keep_credential", Kinds.Boolean, o => o.KeepCredential, (o, value) => o with { KeepCredential = value },
            "Whether the endpoint gets the key too."
        },
    };

    /// <summary>The field, as the file says; null where it says nothing.</summary>
    public string? Header { get; init; }

    /// <summary>The query parameter; null for none.</summary>
    public string? Query { get; init; }

    /// <summary>The key file; null for none.</summary>
    public string? File { get; init; }

    /// <summary>Which claim goes into which field.</summary>
    public ValueMap<string> Forward { get; init; } = ValueMap<string>.Empty;

    /// <summary>True where the endpoint gets the key too.</summary>
    public bool KeepCredential { get; init; }

    /// <summary>The field that has the key; null where only the query does.</summary>
    public string? HeaderInUse => Header ?? (Query is null ? UsualHeader : null);
}

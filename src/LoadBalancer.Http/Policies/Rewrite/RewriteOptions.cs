using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Policies.Rewrite;

/// <summary>What is changed in path and query before a request is sent on: the file's <c>rewrite</c>.</summary>
internal sealed record RewriteOptions : IConfigurable<RewriteOptions>
{
    /// <inheritdoc/>
    public static Shape<RewriteOptions> Shape { get; } = new(
        "rewrite", "What is changed in path and query before a request is sent on. The log and the policies keep the client's.",
        """{strip_prefix: /v1, query: {set: {v: "2"}}}""", () => new())
    {
        {
            "strip_prefix", Kinds.RequestPath.OrNull("none"), o => o.StripPrefix, (o, value) => o with { StripPrefix = value },
            "What is taken off the path's beginning, by whole segments: `/v1` makes `/orders` of `/v1/orders`."
        },
        {
            "path", Kinds.Template(4096).OrNull("none"), o => o.Path, (o, value) => o with { Path = value },
            "Another path, a template. Not together with `strip_prefix`."
        },
        {
            "query", Kinds.Record<QueryChangesOptions>(), o => o.Query, (o, value) => o with { Query = value },
            "What is changed in the query."
        },
    };

    /// <summary>What is taken off the path's beginning; null for nothing.</summary>
    public string? StripPrefix { get; init; }

    /// <summary>Another path, a template; null where it stays.</summary>
    public string? Path { get; init; }

    /// <summary>What is changed in the query.</summary>
    public QueryChangesOptions Query { get; init; } = new();
}

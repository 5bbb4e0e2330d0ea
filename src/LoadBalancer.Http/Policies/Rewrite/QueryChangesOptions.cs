using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Policies.Rewrite;

/// <summary>What is changed in the query: the file's <c>rewrite.query</c>. Removed first, then set.</summary>
internal sealed record QueryChangesOptions : IConfigurable<QueryChangesOptions>
{
    /// <inheritdoc/>
    public static Shape<QueryChangesOptions> Shape { get; } = new(
        "query_changes", "What is changed in the query: removed first, then set.", """{set: {v: "2"}, remove: [debug]}""", () => new())
    {
        {
            "remove", Kinds.List(Kinds.Text(256)).Or("none", []), o => o.Remove, (o, value) => o with { Remove = value },
            "Parameters that are taken out, each as often as it is there."
        },
        {
            "set", Kinds.ByParameter(Kinds.Template(4096)).Or("none", ValueMap<string>.Empty), o => o.Set, (o, value) => o with { Set = value },
            "Parameters that are there once, at the end, in place of all that came under the name. Templates; they are percent-encoded here."
        },
    };

    /// <summary>Names of parameters that are taken out.</summary>
    public ValueList<string> Remove { get; init; }

    /// <summary>Values, templates, by the name of the parameter that they replace.</summary>
    public ValueMap<string> Set { get; init; } = ValueMap<string>.Empty;
}

using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Policies.Headers;

/// <summary>What is changed in a head: the file's <c>request_headers</c> and <c>response_headers</c>. Removed first, then set, then added.</summary>
internal sealed record HeaderChangesOptions : IConfigurable<HeaderChangesOptions>
{
    /// <inheritdoc/>
    public static Shape<HeaderChangesOptions> Shape { get; } = new(
        "header_changes", "What is changed in a head: removed first, then set, then added.", """{set: {X-Trip: "${path.id}"}, remove: [X-Debug]}""", () => new())
    {
        {
            "remove", Kinds.List(Kinds.Token("the name of a header field", "X-Debug")).Or("none", []), o => o.Remove, (o, value) => o with { Remove = value },
            "Fields that are taken out, each with all its lines."
        },
        {
            "set", Kinds.ByField(Kinds.Template(4096)).Or("none", ValueMap<string>.Empty), o => o.Set, (o, value) => o with { Set = value },
            "Fields that are there once, in place of all that came under the name. Templates."
        },
        {
            "add", Kinds.ByField(Kinds.Template(4096)).Or("none", ValueMap<string>.Empty), o => o.Add, (o, value) => o with { Add = value },
            "Fields that are there beside those that came. Templates."
        },
    };

    /// <summary>Names of fields that are taken out.</summary>
    public ValueList<string> Remove { get; init; }

    /// <summary>Values, templates, by the name of the field that they replace.</summary>
    public ValueMap<string> Set { get; init; } = ValueMap<string>.Empty;

    /// <summary>Values, templates, by the name of the field that they are added to.</summary>
    public ValueMap<string> Add { get; init; } = ValueMap<string>.Empty;
}

using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration.Values;

/// <summary>A map of a record's keys, or its short form. Keys that are not written keep what they had before.</summary>
internal sealed class RecordKind<T>(Shape<T> shape) : Kind<T>
{
    /// <inheritdoc/>
    public override string Noun
    {
        get
        {
            var keys = $"a map with the {(shape.Keys.Count == 1 ? "key" : "keys")} {string.Join(", ", shape.Keys.Select(key => key.Name))}";
            return Short is { } key ? $"{key.Kind.Expected.TrimEnd(',')}, or {keys}" : keys;
        }
    }

    /// <inheritdoc/>
    public override string Example => "";

    /// <inheritdoc/>
    public override Shape Nested => shape;

    /// <inheritdoc/>
    public override bool IsTemplate => Short?.Kind.IsTemplate == true;

    private Key? Short => shape.Keys.FirstOrDefault(key => key.Name == shape.ShortForm);

    /// <inheritdoc/>
    public override string? Print(T value) => null;

    /// <inheritdoc/>
    public override string Describe(T value) => value is null ? "none" : shape.Describe(value);

    /// <inheritdoc/>
    public override void Compare(T before, T after, string path, ICollection<OptionChange> changes)
    {
        if (before is null || after is null)
        {
            base.Compare(before, after, path, changes);
        }
        else
        {
            shape.Compare(before, after, path, changes);
        }
    }

    /// <inheritdoc/>
    public override string? Advice(string text) => Short?.Kind.Advice(text);

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) =>
        Short is { } key ? new JsonObject { ["anyOf"] = new JsonArray(key.Kind.ToSchema(definitions), definitions.Refer(shape)) } : definitions.Refer(shape);

    /// <inheritdoc/>
    protected internal override ReadOutcome TryRead(ConfigNode node, T start, ConfigReader reader, out T value)
    {
        // Where there was nothing before, as in a list or under `off`, the record's own defaults are what is overridden.
        value = start is null ? shape.Blank() : start;
        switch (node)
        {
            case ScalarNode { IsEmpty: true }:
                shape.ReportMissing(node, reader);
                return ReadOutcome.Read;
            case ScalarNode scalar:
                return shape.ReadShort(scalar, value, reader, out value);
            case ListNode when Short?.Kind.ReadsLists == true:
                return shape.ReadShort(node, value, reader, out value);
            case MapNode map:
                value = shape.Read(map, value, reader);
                return ReadOutcome.Read;
            default:
                return ReadOutcome.Mismatch;
        }
    }
}

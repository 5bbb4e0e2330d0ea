using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration.Values;

/// <summary>A map of records by name.</summary>
/// <param name="noun">What a name stands for, without an article.</param>
/// <param name="record">The records.</param>
internal sealed class MapKind<T>(string noun, RecordKind<T> record) : Kind<ValueMap<T>>
{
    /// <inheritdoc/>
    public override string Noun => $"a map of {noun}s by name";

    /// <inheritdoc/>
    public override string Example => "";

    /// <inheritdoc/>
    public override Shape Nested => record.Shape;

    /// <inheritdoc/>
    public override string NestedPath => ".NAME";

    /// <inheritdoc/>
    public override string? Print(ValueMap<T> value) => null;

    /// <inheritdoc/>
    public override string Describe(ValueMap<T> value) => MapKind.Describe(value, record);

    /// <inheritdoc/>
    public override void Compare(ValueMap<T> before, ValueMap<T> after, string path, ICollection<OptionChange> changes) => MapKind.Compare(before, after, record, path, changes);

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new()
    {
        ["type"] = new JsonArray("object", "null"),
        ["propertyNames"] = new JsonObject { ["pattern"] = $"^{MapKind.NamePattern}$" },
        ["additionalProperties"] = record.ToSchema(definitions),
    };

    /// <inheritdoc/>
    protected internal override ReadOutcome TryRead(ConfigNode node, ValueMap<T> start, ConfigReader reader, out ValueMap<T> value)
    {
        value = start;
        if (node is ScalarNode { IsEmpty: true })
        {
            return ReadOutcome.Read;
        }

        if (node is not MapNode map)
        {
            return ReadOutcome.Mismatch;
        }

        foreach (var entry in map.Entries.Where(entry => !MapKind.Name.IsMatch(entry.Key)))
        {
            reader.Error(entry.Place, $"the name of a {noun} is letters, digits, '_', '-' and '.', at most 64 of them, not {ScalarNode.Quote(entry.Key)}");
        }

        // A record with errors stays under its name, so that whatever refers to it is not an error as well.
        value = new ValueMap<T>(map.Entries.Select(entry => KeyValuePair.Create(entry.Key, record.Read(entry.Value, record.Shape.Blank(), reader))));
        return ReadOutcome.Read;
    }
}

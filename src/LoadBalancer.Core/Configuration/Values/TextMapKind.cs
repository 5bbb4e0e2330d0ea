using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LoadBalancer.Configuration.Values;

/// <summary>A map whose keys are texts of one form, such as hosts, names of header fields or statuses; at least one.</summary>
/// <param name="key">What the keys are.</param>
/// <param name="item">The values.</param>
/// <param name="merges">True where entries that are not written keep what they had before; false where the map is replaced.</param>
internal sealed class TextMapKind<T>(MapKey key, Kind<T> item, bool merges = false) : Kind<ValueMap<T>>
{
    private Regex? _form;

    /// <inheritdoc/>
    public override string Noun => $"a map from {key.Noun} to {item.Expected.TrimEnd(',')}";

    /// <inheritdoc/>
    public override string Example => "";

    /// <inheritdoc/>
    public override Shape? Nested => item.Nested;

    /// <inheritdoc/>
    public override string NestedPath => $".{key.Example}";

    /// <inheritdoc/>
    public override string? Print(ValueMap<T> value) =>
        value.Count == 0 || Nested is not null ? null : $"{{{string.Join(", ", value.Select(entry => $"\"{entry.Key}\": {item.Print(entry.Value)}"))}}}";

    /// <inheritdoc/>
    public override JsonNode? ToJson(ValueMap<T> value) =>
        value.Count == 0 || Nested is not null ? null : new JsonObject(value.Select(entry => KeyValuePair.Create(entry.Key, item.ToJson(entry.Value))));

    /// <inheritdoc/>
    public override string Describe(ValueMap<T> value) => MapKind.Describe(value, item);

    /// <inheritdoc/>
    public override void Compare(ValueMap<T> before, ValueMap<T> after, string path, ICollection<OptionChange> changes) => MapKind.Compare(before, after, item, path, changes);

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new()
    {
        ["type"] = "object",
        ["minProperties"] = 1,
        ["propertyNames"] = new JsonObject { ["pattern"] = $"^({key.Pattern})$" },
        ["additionalProperties"] = item.ToSchema(definitions),
    };

    /// <inheritdoc/>
    protected internal override ReadOutcome TryRead(ConfigNode node, ValueMap<T> start, ConfigReader reader, out ValueMap<T> value)
    {
        value = start;
        if (node is not MapNode map)
        {
            return ReadOutcome.Mismatch;
        }

        if (map.Entries.Count == 0)
        {
            reader.Error(map.Span, $"{ScalarNode.Quote(map.Label)} needs at least one entry: {Noun}");
            return ReadOutcome.Failed;
        }

        _form ??= new Regex(@"\A(?:" + key.Pattern + @")\z", RegexOptions.NonBacktracking);
        var read = new Dictionary<string, T>(merges ? start : [], StringComparer.Ordinal);
        var seen = new HashSet<string>(key.Comparer);
        foreach (var entry in map.Entries)
        {
            if (!_form.IsMatch(entry.Key) || !key.IsValid(entry.Key))
            {
                var advice = key.Advice(entry.Key) is { } words ? $"; {words}" : "";
                reader.Error(entry.Place, $"a key of {ScalarNode.Quote(map.Label)} is {key.Noun} such as {key.Example}, not {ScalarNode.Quote(entry.Key)}{advice}");
            }
            else if (!seen.Add(entry.Key))
            {
                reader.Error(entry.Place, $"{ScalarNode.Quote(entry.Key)} stands twice in {ScalarNode.Quote(map.Label)}: upper and lower case are the same");
            }
            else if (item.Attempt(entry.Value, read.GetValueOrDefault(key.KeptAs(entry.Key))!, reader, out var one) == ReadOutcome.Read)
            {
                read[key.KeptAs(entry.Key)] = one;
            }
        }

        value = new ValueMap<T>(read);
        return ReadOutcome.Read;
    }
}

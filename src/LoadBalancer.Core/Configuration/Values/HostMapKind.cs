using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration.Values;

/// <summary>A map of values by host, at least one; hosts are read in lower case, since nobody tells them apart by it.</summary>
internal sealed class HostMapKind<T>(Kind<T> item) : Kind<ValueMap<T>>
{
    /// <inheritdoc/>
    public override string Noun => $"a map by host of {item.Expected}";

    /// <inheritdoc/>
    public override string Example => "";

    /// <inheritdoc/>
    public override string? Print(ValueMap<T> value) =>
        value.Count == 0 ? null : $"{{{string.Join(", ", value.Select(entry => $"\"{entry.Key}\": {item.Print(entry.Value)}"))}}}";

    /// <inheritdoc/>
    public override JsonNode? ToJson(ValueMap<T> value) =>
        value.Count == 0 ? null : new JsonObject(value.Select(entry => KeyValuePair.Create(entry.Key, item.ToJson(entry.Value))));

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new()
    {
        ["type"] = "object",
        ["minProperties"] = 1,
        ["propertyNames"] = new JsonObject { ["pattern"] = $"^{HostPattern.Pattern}$" },
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
            reader.Error(map.Span, $"{ScalarNode.Quote(map.Label)} needs at least one host");
            return ReadOutcome.Failed;
        }

        var read = new Dictionary<string, T>(StringComparer.Ordinal);
        foreach (var entry in map.Entries)
        {
            var host = entry.Key.ToLowerInvariant();
            if (!HostPattern.IsValid(host))
            {
                var advice = HostPattern.Advice(entry.Key) is { } words ? $"; {words}" : "";
                reader.Error(entry.Place, $"a host is a name such as api.example.com, or \"*.example.com\", not {ScalarNode.Quote(entry.Key)}{advice}");
            }
            else if (read.ContainsKey(host))
            {
                reader.Error(entry.Place, $"the host {ScalarNode.Quote(entry.Key)} stands twice: upper and lower case are the same");
            }
            else if (item.Attempt(entry.Value, default!, reader, out var one) == ReadOutcome.Read)
            {
                read.Add(host, one);
            }
        }

        value = new ValueMap<T>(read);
        return ReadOutcome.Read;
    }
}

using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration.Values;

/// <summary>A list of at least one item; one item may stand for a list of one.</summary>
internal sealed class ListKind<T>(Kind<T> item) : Kind<ValueList<T>>
{
    /// <inheritdoc/>
    public override string Noun => $"{item.Expected.TrimEnd(',')}, or a list of them";

    /// <inheritdoc/>
    public override string Example => "";

    /// <inheritdoc/>
    public override Shape? Nested => item.Nested;

    /// <inheritdoc/>
    public override bool ReadsLists => true;

    /// <inheritdoc/>
    public override string NestedPath => item.NestedPath;

    /// <inheritdoc/>
    public override string? Print(ValueList<T> value)
    {
        var texts = value.Select(item.Print).ToArray();
        return texts.Length == 0 || texts.Contains(null) ? null : texts.Length == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
    }

    /// <inheritdoc/>
    public override string Describe(ValueList<T> value) => value.Count == 1 ? item.Describe(value[0]) : $"[{string.Join(", ", value.Select(item.Describe))}]";

    /// <inheritdoc/>
    public override JsonNode? ToJson(ValueList<T> value) => value.Count == 0 ? null : new JsonArray([.. value.Select(item.ToJson)]);

    /// <inheritdoc/>
    public override string? Advice(string text) => item.Advice(text);

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new()
    {
        ["anyOf"] = new JsonArray(
            item.ToSchema(definitions),
            new JsonObject { ["type"] = "array", ["minItems"] = 1, ["items"] = item.ToSchema(definitions) }),
    };

    /// <inheritdoc/>
    protected internal override ReadOutcome TryRead(ConfigNode node, ValueList<T> start, ConfigReader reader, out ValueList<T> value)
    {
        value = start;
        if (node is ScalarNode { IsEmpty: true })
        {
            return ReadOutcome.Mismatch;
        }

        if (node is not ListNode list)
        {
            var outcome = item.TryRead(node, default!, reader, out var single);
            value = outcome == ReadOutcome.Read ? [single] : start;
            return outcome;
        }

        if (list.Items.Count == 0)
        {
            reader.Error(list.Span, $"{ScalarNode.Quote(list.Label)} needs at least one item: {item.Expected}");
            return ReadOutcome.Failed;
        }

        var items = ImmutableArray.CreateBuilder<T>(list.Items.Count);
        foreach (var entry in list.Items)
        {
            if (item.Attempt(entry, default!, reader, out var read) == ReadOutcome.Read)
            {
                items.Add(read);
            }
        }

        value = new ValueList<T>(items.DrainToImmutable());
        return ReadOutcome.Read;
    }
}

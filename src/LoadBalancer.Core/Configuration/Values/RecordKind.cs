using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration.Values;

/// <summary>A map of a record's keys, or its short form. Keys that are not written keep what they had before.</summary>
/// <param name="shape">The record's keys, asked for once and not before somebody needs them: a file that has no such record does not pay for its table.</param>
internal sealed class RecordKind<T>(Func<Shape<T>> shape) : Kind<T>
{
    /// <summary>The record's keys.</summary>
    public Shape<T> Shape => field ??= shape();

    /// <inheritdoc/>
    public override string Noun
    {
        get
        {
            var keys = $"a map with the {(Shape.Keys.Count == 1 ? "key" : "keys")} {string.Join(", ", Shape.Keys.Select(key => key.Name))}";
            return Short is { } key ? $"{key.Kind.Expected.TrimEnd(',')}, or {keys}" : keys;
        }
    }

    /// <inheritdoc/>
    public override string Example => "";

    /// <inheritdoc/>
    public override Shape Nested => Shape;

    /// <inheritdoc/>
    public override bool IsTemplate => Short?.Kind.IsTemplate == true;

    private Key? Short => Shape.Keys.FirstOrDefault(key => key.Name == Shape.ShortForm);

    /// <inheritdoc/>
    public override string? Print(T value) => null;

    /// <inheritdoc/>
    public override string Describe(T value) => value is null ? "none" : Shape.Describe(value);

    /// <inheritdoc/>
    public override void Compare(T before, T after, string path, ICollection<OptionChange> changes)
    {
        if (before is null || after is null)
        {
            base.Compare(before, after, path, changes);
        }
        else
        {
            Shape.Compare(before, after, path, changes);
        }
    }

    /// <inheritdoc/>
    public override string? Advice(string text) => Short?.Kind.Advice(text);

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) =>
        Short is { } key ? new JsonObject { ["anyOf"] = new JsonArray(key.Kind.ToSchema(definitions), definitions.Refer(Shape)) } : definitions.Refer(Shape);

    /// <inheritdoc/>
    protected internal override ReadOutcome TryRead(ConfigNode node, T start, ConfigReader reader, out T value)
    {
        // Where there was nothing before, as in a list or under `off`, the record's own defaults are what is overridden.
        value = start is null ? Shape.Blank() : start;
        switch (node)
        {
            case ScalarNode { IsEmpty: true }:
                Shape.ReportMissing(node, reader);
                return ReadOutcome.Read;
            case ScalarNode scalar:
                return Shape.ReadShort(scalar, value, reader, out value);
            case ListNode when Short?.Kind.ReadsLists == true:
                return Shape.ReadShort(node, value, reader, out value);
            case MapNode { Memory: { } memory } map:
                value = Recall(memory, map, value, reader);
                return ReadOutcome.Read;
            case MapNode map:
                value = Shape.Read(map, value, reader);
                return ReadOutcome.Read;
            default:
                return ReadOutcome.Mismatch;
        }
    }

    // What was read with an error or a warning is read again, so that it is told again.
    private T Recall(ItemMemory memory, MapNode map, T start, ConfigReader reader)
    {
        if (memory.TryRecall(start, reader, out T known))
        {
            return known;
        }

        var before = reader.Findings;
        var value = Shape.Read(map, start, reader);
        if (reader.Findings == before)
        {
            memory.Remember(start!, value!);
        }

        return value;
    }
}

using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration.Values;

/// <summary>A word that stands for a value, or another kind.</summary>
internal sealed class WordOrKind<T>(string word, T meaning, Kind<T> other) : Kind<T>
{
    /// <inheritdoc/>
    public override string Noun => other is WordOrKind<T> ? $"{word}, {other.Noun}" : $"{word} or {other.Noun}";

    /// <inheritdoc/>
    public override string Example => other.Example;

    /// <inheritdoc/>
    public override Shape? Nested => other.Nested;

    /// <inheritdoc/>
    public override string NestedPath => other.NestedPath;

    /// <inheritdoc/>
    public override bool ReadsLists => other.ReadsLists;

    /// <inheritdoc/>
    public override bool IsTemplate => other.IsTemplate;

    /// <inheritdoc/>
    // Of records the word is only worth printing as a default where it is null: `off`.
    public override string? Print(T value) =>
        EqualityComparer<T>.Default.Equals(value, meaning) && (Nested is null || value is null) ? word : other.Print(value);

    /// <inheritdoc/>
    public override string Describe(T value) => value is null || (Nested is null && EqualityComparer<T>.Default.Equals(value, meaning)) ? word : other.Describe(value);

    /// <inheritdoc/>
    public override void Compare(T before, T after, string path, ICollection<OptionChange> changes)
    {
        if (before is null || after is null || Nested is null)
        {
            base.Compare(before, after, path, changes);
        }
        else
        {
            other.Compare(before, after, path, changes);
        }
    }

    /// <inheritdoc/>
    public override JsonNode? ToJson(T value) =>
        EqualityComparer<T>.Default.Equals(value, meaning) && (Nested is null || value is null) ? JsonValue.Create(word) : other.ToJson(value);

    /// <inheritdoc/>
    public override string? Advice(string text) => text.ToUpperInvariant() switch
    {
        "ON" or "YES" or "TRUE" when Nested is not null => "for its defaults write {}",
        "NO" or "FALSE" when word == "off" => "write off",
        _ => NearestName.Of(text, [word]) is { } near ? $"did you mean '{near}'?" : other.Advice(text),
    };

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new()
    {
        ["anyOf"] = new JsonArray(new JsonObject { ["const"] = word }, other.ToSchema(definitions)),
    };

    /// <inheritdoc/>
    protected internal override ReadOutcome TryRead(ConfigNode node, T start, ConfigReader reader, out T value)
    {
        value = start;
        if (node is not ScalarNode { IsEmpty: false } scalar)
        {
            return other.TryRead(node, start, reader, out value);
        }

        if ((IsTemplate ? reader.Template(scalar) : reader.Text(scalar)) is not { } text)
        {
            return ReadOutcome.Failed;
        }

        if (text != word)
        {
            return other.TryRead(node, start, reader, out value);
        }

        value = meaning;
        return ReadOutcome.Read;
    }
}

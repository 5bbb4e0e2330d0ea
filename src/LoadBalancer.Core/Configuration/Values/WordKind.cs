using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration.Values;

/// <summary>One of a fixed set of words.</summary>
internal sealed class WordKind(string[] words) : ScalarKind<string>
{
    /// <inheritdoc/>
    public override string Noun => words.Length == 1 ? words[0] : $"one of {string.Join(", ", words)}";

    /// <inheritdoc/>
    public override string Example => "";

    /// <inheritdoc/>
    protected override string Pattern => string.Join('|', words);

    /// <inheritdoc/>
    public override bool TryParse(string text, out string value)
    {
        value = text;
        return words.Contains(text, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public override string? Print(string value) => value;

    /// <inheritdoc/>
    public override string? Advice(string text) => NearestName.Of(text, words) is { } word ? $"did you mean '{word}'?" : null;

    /// <inheritdoc/>
    // The words are listed beside the pattern because editors complete from an enum.
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new()
    {
        ["type"] = "string",
        ["anyOf"] = new JsonArray(
            new JsonObject { ["enum"] = new JsonArray([.. words]) },
            new JsonObject { ["pattern"] = $"^{ReferencePattern}$" }),
    };
}

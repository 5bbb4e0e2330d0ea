using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration.Values;

/// <summary><c>true</c> or <c>false</c>.</summary>
internal sealed class BooleanKind : ScalarKind<bool>
{
    /// <inheritdoc/>
    public override string Noun => "true or false";

    /// <inheritdoc/>
    public override string Example => "";

    /// <inheritdoc/>
    protected override string Pattern => "true|false";

    /// <inheritdoc/>
    public override bool TryParse(string text, out bool value)
    {
        value = text == "true";
        return value || text == "false";
    }

    /// <inheritdoc/>
    public override string? Print(bool value) => value ? "true" : "false";

    /// <inheritdoc/>
    public override JsonNode? ToJson(bool value) => JsonValue.Create(value);

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new()
    {
        ["type"] = new JsonArray("boolean", "string"),
        ["pattern"] = Anchored(Pattern),
    };

    /// <inheritdoc/>
    public override string? Advice(string text) => text.ToUpperInvariant() switch
    {
        "ON" or "YES" or "TRUE" => "write true",
        "OFF" or "NO" or "FALSE" => "write false",
        _ => null,
    };
}

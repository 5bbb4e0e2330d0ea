using System.Globalization;
using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration.Values;

/// <summary>A whole number in decimal digits, both bounds included.</summary>
internal sealed class IntegerKind(int atLeast, int atMost) : ScalarKind<int>
{
    /// <inheritdoc/>
    public override string Noun => string.Create(CultureInfo.InvariantCulture, $"a whole number from {atLeast} to {atMost}");

    /// <inheritdoc/>
    public override string Example => "";

    /// <inheritdoc/>
    protected override string Pattern => atLeast < 0 ? "0|-?[1-9][0-9]*" : "0|[1-9][0-9]*";

    /// <inheritdoc/>
    public override bool TryParse(string text, out int value) =>
        // No leading zero: whoever writes 010 may mean eight.
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value)
        && (text.Length == 1 || text[0] is not ('0' or '+')) && (value < 0 || text[0] != '-') && !text.StartsWith("-0", StringComparison.Ordinal) && value >= atLeast && value <= atMost;

    /// <inheritdoc/>
    public override string? Print(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override JsonNode? ToJson(int value) => JsonValue.Create(value);

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new()
    {
        ["type"] = new JsonArray("integer", "string"),
        ["minimum"] = atLeast,
        ["maximum"] = atMost,
        ["pattern"] = Anchored(Pattern),
    };

    /// <inheritdoc/>
    public override string? Advice(string text) =>
        text.Any(char.IsAsciiDigit) && text.All(letter => char.IsAsciiDigit(letter) || letter is ',' or '_' or '\'' or ' ') && !text.All(char.IsAsciiDigit)
            ? "write the digits alone"
            : null;
}

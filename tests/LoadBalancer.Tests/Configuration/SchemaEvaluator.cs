using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Tests.Configuration;

/// <summary>JSON Schema as far as the product's schema uses it; a keyword that it does not know is an error, so that none is passed over.</summary>
internal sealed class SchemaEvaluator(JsonObject schema)
{
    /// <summary>The JSON that an editor sees of a file: plain texts are numbers, booleans and null where YAML 1.2 has them so.</summary>
    public static JsonNode? Json(ConfigNode node) => node switch
    {
        MapNode map => new JsonObject(map.Entries.Select(entry => KeyValuePair.Create(entry.Key, Json(entry.Value)))),
        ListNode list => new JsonArray([.. list.Items.Select(Json)]),
        ScalarNode { IsEmpty: true } => null,
        // The nodes do not say how a text was quoted; the cases that need it write "true" for a key that takes both.
        ScalarNode { Written: "true" or "false" } boolean => JsonValue.Create(boolean.Written == "true"),
        ScalarNode scalar => int.TryParse(scalar.Written, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? JsonValue.Create(number)
            : JsonValue.Create(scalar.Written),
        _ => throw new InvalidOperationException(),
    };

    public bool Accepts(JsonNode? value) => Accepts(schema, value);

    private bool Accepts(JsonObject rule, JsonNode? value) => rule.All(keyword => Accepts(keyword.Key, keyword.Value!, rule, value));

    private bool Accepts(string keyword, JsonNode argument, JsonObject rule, JsonNode? value) => keyword switch
    {
        "$schema" or "title" or "description" or "default" or "$defs" => true,
        "$ref" => Accepts((JsonObject)schema["$defs"]![((string)argument!)["#/$defs/".Length..]]!, value),
        "type" => argument is JsonArray types ? types.Any(type => IsOf((string)type!, value)) : IsOf((string)argument!, value),
        "anyOf" => argument.AsArray().Any(one => Accepts((JsonObject)one!, value)),
        "enum" => argument.AsArray().Any(one => JsonNode.DeepEquals(one, value)),
        "const" => JsonNode.DeepEquals(argument, value),
        "pattern" => value?.GetValueKind() != JsonValueKind.String || Regex.IsMatch((string)value!, (string)argument!),
        "minimum" => value?.GetValueKind() != JsonValueKind.Number || (int)value! >= (int)argument!,
        "maximum" => value?.GetValueKind() != JsonValueKind.Number || (int)value! <= (int)argument!,
        "minItems" => value is not JsonArray array || array.Count >= (int)argument!,
        "items" => value is not JsonArray items || items.All(item => Accepts((JsonObject)argument, item)),
        "properties" => value is not JsonObject map || map.All(entry => argument[entry.Key] is not JsonObject property || Accepts(property, entry.Value)),
        "required" => value is not JsonObject map || argument.AsArray().All(name => map.ContainsKey((string)name!)),
        "propertyNames" => value is not JsonObject map || map.All(entry => Accepts((JsonObject)argument, JsonValue.Create(entry.Key))),
        "additionalProperties" => value is not JsonObject map || map.All(entry =>
            (rule["properties"] as JsonObject)?.ContainsKey(entry.Key) == true || (argument is JsonObject other && Accepts(other, entry.Value))),
        _ => throw new InvalidOperationException($"The keyword {keyword} is not known here."),
    };

    private static bool IsOf(string type, JsonNode? value) => (type, value?.GetValueKind()) switch
    {
        ("null", null) => true,
        ("object", JsonValueKind.Object) => true,
        ("array", JsonValueKind.Array) => true,
        ("string", JsonValueKind.String) => true,
        ("integer", JsonValueKind.Number) => true,
        ("boolean", JsonValueKind.True or JsonValueKind.False) => true,
        _ => false,
    };
}

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>The JSON Schema (2020-12) of lb.yaml, printed from the shapes.</summary>
internal static class SchemaDocument
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The schema as indented JSON.</summary>
    public static string Write() => Build().ToJsonString(Readable);

    /// <summary>The schema.</summary>
    public static JsonObject Build()
    {
        var definitions = new SchemaDefinitions();
        var schema = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "lb.yaml",
        };
        foreach (var (name, part) in GatewayOptions.Shape.ToSchema(definitions).ToList())
        {
            schema[name] = part?.DeepClone();
        }

        schema["$defs"] = definitions.ToJson();
        return schema;
    }
}

using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration;

/// <summary>The keys of a record of options, as the printers see them.</summary>
/// <param name="name">The record's name in the schema and the reference.</param>
/// <param name="doc">What the record is for, one sentence in Markdown.</param>
/// <param name="example">One value that loads, as it would stand in the file.</param>
/// <param name="shortForm">The key that a plain value stands for; null where there is no short form.</param>
public abstract class Shape(string name, string doc, string example, string? shortForm)
{
    /// <summary>The record's name in the schema and the reference.</summary>
    public string Name => name;

    /// <summary>What the record is for, one sentence in Markdown.</summary>
    public string Doc => doc;

    /// <summary>One value that loads, as it would stand in the file.</summary>
    public string Example => example;

    /// <summary>The key that a plain value stands for, as in <c>tcp: orders</c>; null where there is no short form.</summary>
    public string? ShortForm => shortForm;

    /// <summary>The keys in the order of the reference, which is the order in which they are read.</summary>
    public abstract IReadOnlyList<Key> Keys { get; }

    /// <summary>JSON Schema of the record's map.</summary>
    public JsonObject ToSchema(SchemaDefinitions definitions)
    {
        var properties = new JsonObject();
        foreach (var key in Keys)
        {
            var schema = key.Kind.ToSchema(definitions);
            schema["description"] = key.Doc;
            if (key.DefaultJson is { } value)
            {
                schema["default"] = value;
            }

            properties[key.Name] = schema;
        }

        var required = Keys.Where(key => key.IsRequired).Select(key => key.Name).ToArray();
        var map = new JsonObject
        {
            // A key whose lines are all commented out has the value null, and means its defaults.
            ["type"] = required.Length == 0 ? new JsonArray("object", "null") : "object",
            ["description"] = Doc,
            ["properties"] = properties,
            ["additionalProperties"] = false,
        };
        if (required.Length > 0)
        {
            map["required"] = new JsonArray([.. required]);
        }

        return map;
    }
}

using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration;

/// <summary>The <c>$defs</c> of a JSON Schema: one per record, so that a record used in two places is stated once. Not thread-safe.</summary>
public sealed class SchemaDefinitions
{
    private readonly SortedDictionary<string, (Shape Shape, JsonObject? Schema)> _byName = new(StringComparer.Ordinal);

    /// <summary>A reference to the schema of <paramref name="shape"/>, which is made on first use.</summary>
    /// <exception cref="InvalidOperationException">Two records have one name.</exception>
    public JsonObject Refer(Shape shape)
    {
        if (!_byName.TryGetValue(shape.Name, out var known))
        {
            // Entered before it is made, so that a record may hold records of its own kind.
            _byName[shape.Name] = (shape, null);
            _byName[shape.Name] = (shape, shape.ToSchema(this));
        }
        else if (known.Shape.Doc != shape.Doc)
        {
            throw new InvalidOperationException($"Two records are called '{shape.Name}' in the schema.");
        }

        return new JsonObject { ["$ref"] = $"#/$defs/{shape.Name}" };
    }

    /// <summary>All definitions by name.</summary>
    public JsonObject ToJson() => new(_byName.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value.Schema)));
}

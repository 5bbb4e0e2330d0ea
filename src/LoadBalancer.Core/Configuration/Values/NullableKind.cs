using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration.Values;

/// <summary>A kind of a struct, for a key that may have no value; the word for that is a <see cref="WordOrKind{T}"/> around it.</summary>
internal sealed class NullableKind<T>(Kind<T> inner) : Kind<T?>
    where T : struct
{
    /// <inheritdoc/>
    public override string Noun => inner.Noun;

    /// <inheritdoc/>
    public override string Example => inner.Example;

    /// <inheritdoc/>
    public override string? Print(T? value) => value is { } present ? inner.Print(present) : null;

    /// <inheritdoc/>
    public override JsonNode? ToJson(T? value) => value is { } present ? inner.ToJson(present) : null;

    /// <inheritdoc/>
    public override string? Advice(string text) => inner.Advice(text);

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => inner.ToSchema(definitions);

    /// <inheritdoc/>
    protected internal override ReadOutcome TryRead(ConfigNode node, T? start, ConfigReader reader, out T? value)
    {
        var outcome = inner.TryRead(node, start ?? default, reader, out var read);
        value = outcome == ReadOutcome.Read ? read : start;
        return outcome;
    }
}

using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration;

/// <summary>A kind whose value is one text in the file. Immutable.</summary>
public abstract class ScalarKind<T> : Kind<T>
{
    /// <summary>The regular expression of a reference, which may stand in the place of any value.</summary>
    internal const string ReferencePattern = @".*\$\{(env|file|credential):[^}]+\}.*";

    /// <summary>A regular expression of the texts that are read, as near as one can be: bounds are not in it.</summary>
    protected abstract string Pattern { get; }

    /// <summary>Reads a text. References in it have been replaced.</summary>
    public abstract bool TryParse(string text, out T value);

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new()
    {
        ["type"] = "string",
        ["pattern"] = Anchored(Pattern),
    };

    /// <summary>The whole text is the pattern, or holds a reference.</summary>
    protected static string Anchored(string pattern) => $"^({pattern}|{ReferencePattern})$";

    /// <inheritdoc/>
    protected internal sealed override ReadOutcome TryRead(ConfigNode node, T start, ConfigReader reader, out T value)
    {
        value = start;
        if (node is not ScalarNode { IsEmpty: false } scalar)
        {
            return ReadOutcome.Mismatch;
        }

        if (reader.Text(scalar) is not { } text)
        {
            return ReadOutcome.Failed;
        }

        if (TryParse(text, out var parsed))
        {
            value = parsed;
            return ReadOutcome.Read;
        }

        return ReadOutcome.Mismatch;
    }
}

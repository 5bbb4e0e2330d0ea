using System.Text.Json.Nodes;
using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication;

/// <summary>The hash of an API key, as a file has it. What stands in its place is shown nowhere, since it may be the key itself.</summary>
internal sealed class KeyHashKind : Kind<KeyHash>
{
    /// <summary>The only one.</summary>
    public static KeyHashKind Instance { get; } = new();

    /// <inheritdoc/>
    public override string Noun => "the SHA-256 of a key, as 'lb keys create' writes it: sha256: and 64 hexadecimal digits";

    /// <inheritdoc/>
    public override string Example => "";

    /// <inheritdoc/>
    public override string? Print(KeyHash value) => value.ToString();

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new()
    {
        ["type"] = "string",
        ["pattern"] = $"^({KeyHash.Prefix}[0-9A-Fa-f]{{64}}|.*\\$\\{{(env|file|credential):[^}}]+\\}}.*)$",
    };

    /// <inheritdoc/>
    protected internal override ReadOutcome TryRead(ConfigNode node, KeyHash start, ConfigReader reader, out KeyHash value)
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

        if (KeyHash.TryParse(text, out value))
        {
            return ReadOutcome.Read;
        }

        reader.Error(node.Span, $"{ScalarNode.Quote(node.Label)} expects {Noun}; {AdviceOn(text)}");
        return ReadOutcome.Failed;
    }

    private static string AdviceOn(string text) =>
        text.StartsWith("sha256:", StringComparison.OrdinalIgnoreCase)
            ? FormattableString.Invariant($"what stands here has {text.Length - KeyHash.Prefix.Length} characters behind 'sha256:', or some that are no hexadecimal digits")
            : "what stands here is not shown, since it may be a key: a file never holds one (printf %s KEY | sha256sum gives the digits)";
}

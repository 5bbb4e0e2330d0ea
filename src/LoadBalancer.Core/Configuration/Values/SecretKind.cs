using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration.Values;

/// <summary>
/// A secret, which never stands in the file itself: a reference says where it is. So a file can be shown to anybody, and
/// an error, which quotes the file, has nothing to give away.
/// </summary>
/// <param name="shortest">Its length at least: what others have made may be shorter than what is made for lb.</param>
internal sealed class SecretKind(int shortest = 16) : Kind<Secret>
{
    private const int Longest = 512;

    /// <inheritdoc/>
    public override string Noun => $"a reference to a secret of {shortest} to {Longest} visible ASCII characters";

    /// <inheritdoc/>
    public override string Example => "\"${credential:admin}\"";

    /// <inheritdoc/>
    public override string? Print(Secret value) => value is null ? null : Secret.Shown;

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new()
    {
        ["type"] = "string",
        ["pattern"] = $"^{ScalarKind<string>.ReferencePattern}$",
    };

    /// <inheritdoc/>
    protected internal override ReadOutcome TryRead(ConfigNode node, Secret start, ConfigReader reader, out Secret value)
    {
        value = start;
        if (node is not ScalarNode { IsEmpty: false } scalar)
        {
            return ReadOutcome.Mismatch;
        }

        if (!scalar.Written.Contains("${", StringComparison.Ordinal))
        {
            reader.Error(node.Span, $"{ScalarNode.Quote(node.Label)} is a secret, which does not stand in the file itself: write {Noun}, such as {Example}");
            return ReadOutcome.Failed;
        }

        if (reader.Text(scalar) is not { } text)
        {
            return ReadOutcome.Failed;
        }

        if (text.Length < shortest || text.Length > Longest || text.Any(letter => letter is <= ' ' or > '~'))
        {
            reader.Error(node.Span, $"what {node.Found} stands for is no secret of {shortest} to {Longest} visible ASCII characters; make one with: openssl rand -hex 32");
            return ReadOutcome.Failed;
        }

        value = new Secret(text);
        return ReadOutcome.Read;
    }
}

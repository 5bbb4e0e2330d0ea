using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>A URL, or a file: a relative path is from the folder of the file that says it, and is kept as a full one.</summary>
internal sealed class KeyLocationKind : Kind<string>
{
    private const int Longest = 2048;

    /// <inheritdoc/>
    public override string Noun => "a URL that begins with https:// or a path";

    /// <inheritdoc/>
    public override string Example => "https://issuer.example.com/.well-known/jwks.json";

    /// <summary>True where a location is a URL.</summary>
    public static bool IsUrl([NotNullWhen(true)] string? location) => location?.Contains("://", StringComparison.Ordinal) == true;

    /// <inheritdoc/>
    public override string? Print(string value) => value;

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new() { ["type"] = "string", ["pattern"] = "^.+$" };

    /// <inheritdoc/>
    protected internal override ReadOutcome TryRead(ConfigNode node, string start, ConfigReader reader, out string value)
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

        if (text.Length is 0 or > Longest || text.Any(char.IsControl) || (IsUrl(text) && !Uri.TryCreate(text, UriKind.Absolute, out _)))
        {
            return ReadOutcome.Mismatch;
        }

        value = IsUrl(text) ? text : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(node.Span.File) ?? "", text));
        return ReadOutcome.Read;
    }
}

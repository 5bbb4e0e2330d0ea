using System.Text.Json.Nodes;

namespace LoadBalancer.Configuration.Values;

/// <summary>
/// A text with variables of the request in it: <c>${client_ip}</c>. Which there are is not its business: whoever runs the template
/// parses it. A dollar is <c>$$</c> in its value, as in the file.
/// </summary>
/// <param name="most">Its length at most, references replaced.</param>
/// <param name="lines">True where it may have several lines.</param>
internal sealed class TemplateKind(int most, bool lines) : Kind<string>
{
    /// <inheritdoc/>
    public override string Noun => FormattableString.Invariant($"a text of at most {most} characters");

    /// <inheritdoc/>
    public override string Example => "";

    /// <inheritdoc/>
    public override bool IsTemplate => true;

    /// <inheritdoc/>
    public override string? Print(string value) => value;

    /// <inheritdoc/>
    public override JsonObject ToSchema(SchemaDefinitions definitions) => new() { ["type"] = "string" };

    /// <inheritdoc/>
    protected internal override ReadOutcome TryRead(ConfigNode node, string start, ConfigReader reader, out string value)
    {
        value = start;
        // An empty text is a value where it is in quotes, and a forgotten one where it is not.
        if (node is not ScalarNode { IsEmpty: false } scalar)
        {
            return ReadOutcome.Mismatch;
        }

        if (reader.Template(scalar) is not { } text)
        {
            return ReadOutcome.Failed;
        }

        if (text.Length > most || text.Any(letter => char.IsControl(letter) && !(lines && letter is '\n' or '\r' or '\t')))
        {
            var kind = lines ? "" : " on one line";
            reader.Error(node.Span, $"{ScalarNode.Quote(node.Label)} expects {Noun}{kind}, not {node.Found}");
            return ReadOutcome.Failed;
        }

        value = text;
        return ReadOutcome.Read;
    }
}

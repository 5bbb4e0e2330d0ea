using System.Text;
using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>docs/configuration.md: the rules of the language, and a table of keys for every shape.</summary>
internal static class ReferenceDocument
{
    /// <summary>The document as Markdown.</summary>
    public static string Write()
    {
        var text = new StringBuilder(ReferencePreamble.Text);
        Section(text, "", GatewayOptions.Shape);
        return text.ToString();
    }

    private static void Section(StringBuilder text, string path, Shape shape)
    {
        if (path.Length > 0)
        {
            text.Append('\n').Append("### `").Append(path).Append("`\n\n").Append(shape.Doc).Append('\n');
            var key = path.EndsWith(".NAME", StringComparison.Ordinal) ? "NAME" : path[(path.LastIndexOf('.') + 1)..];
            text.Append("\nExample: `").Append(key).Append(": ").Append(shape.Example).Append("`\n");
        }

        text.Append("\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n");
        foreach (var key in shape.Keys)
        {
            var name = key.Kind.Nested is null ? $"`{key.Name}`" : $"[`{key.Name}`](#{Anchor(Path(path, key))})";
            var initially = key.IsRequired ? "required" : key.Default is { } value ? $"`{value}`" : "";
            text.Append("| ").Append(name).Append(" | ").Append(key.Kind.Expected).Append(" | ").Append(initially).Append(" | ").Append(key.Doc).Append(" |\n");
        }

        foreach (var key in shape.Keys.Where(key => key.Kind.Nested is not null))
        {
            Section(text, Path(path, key), key.Kind.Nested!);
        }
    }

    private static string Path(string path, Key key) => $"{(path.Length == 0 ? "" : $"{path}.")}{key.Name}{key.Kind.NestedPath}";

    // As Markdown renderers make it of a heading: lower case, no punctuation but '-' and '_'.
    private static string Anchor(string heading) =>
        string.Concat(heading.ToLowerInvariant().Where(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_'));
}

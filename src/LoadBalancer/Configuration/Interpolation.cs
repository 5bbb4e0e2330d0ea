using System.Text;
using System.Text.RegularExpressions;
using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>
/// Replaces <c>${env:NAME}</c>, <c>${file:PATH}</c> and <c>${credential:NAME}</c> in a scalar when its key reads it. What
/// was put in is not scanned again, so a secret may hold any character. <c>$$</c> is a dollar. In a template the variables of a
/// request stay, and so does <c>$$</c>: its own parser reads those.
/// </summary>
/// <param name="files">Reads files, and remembers them for the watcher.</param>
/// <param name="environment">The process's environment: a name's value, null where it is unset.</param>
/// <param name="lookUp">False for a check without secrets: references are checked for form, and their text stays unknown.</param>
internal sealed partial class Interpolation(SourceFiles files, Func<string, string?> environment, bool lookUp)
{
    private static readonly string[] Sources = ["env", "file", "credential"];

    // What a variable is for, only its name can tell.
    private static readonly string[] SecretWords = ["KEY", "PASS", "SECRET", "TOKEN", "CREDENTIAL"];

    private readonly HashSet<string> _secrets = new(StringComparer.Ordinal);

    /// <summary>The texts that were put in and are not to be shown: those of files and credentials, and of variables whose name says so.</summary>
    public IEnumerable<Secret> Secrets => _secrets.Order(StringComparer.Ordinal).Select(text => new Secret(text));

    /// <summary>The scalar's text, or what is wrong with a reference in it.</summary>
    /// <param name="node">The scalar.</param>
    /// <param name="template">True where it may hold variables of a request.</param>
    public ScalarText Resolve(ScalarNode node, bool template)
    {
        var written = node.Written;
        if (!written.Contains('$', StringComparison.Ordinal))
        {
            return new ScalarText(written);
        }

        var text = new StringBuilder(written.Length);
        var known = true;
        for (var at = 0; at < written.Length; at++)
        {
            var next = at + 1 < written.Length ? written[at + 1] : '\0';
            if (written[at] != '$' || next is not ('$' or '{'))
            {
                text.Append(written[at]);
                continue;
            }

            if (next == '$')
            {
                text.Append(template ? "$$" : "$");
                at++;
                continue;
            }

            var end = written.IndexOf('}', at);
            if (end < 0)
            {
                return new ScalarText(null, "'${' without '}'; a dollar is written $$");
            }

            var reference = written[(at + 2)..end];
            if (template && !reference.Contains(':', StringComparison.Ordinal))
            {
                text.Append(written, at, end + 1 - at);
                at = end;
                continue;
            }

            var value = Refer(reference, node);
            if (value.Fault is not null)
            {
                return value;
            }

            if (value.Value is { } put && (!reference.StartsWith("env:", StringComparison.Ordinal) || SecretWords.Any(word => reference.Contains(word, StringComparison.OrdinalIgnoreCase))))
            {
                _secrets.Add(put);
            }

            known &= value.Value is not null;
            text.Append(template ? value.Value?.Replace("$", "$$", StringComparison.Ordinal) : value.Value);
            at = end;
        }

        return known ? new ScalarText(text.ToString()) : ScalarText.Unknown;
    }

    private ScalarText Refer(string reference, ScalarNode node)
    {
        var colon = reference.IndexOf(':', StringComparison.Ordinal);
        var shown = ScalarNode.Quote($"${{{reference}}}");
        if (colon < 0)
        {
            var suggestion = VariableName().IsMatch(reference) ? $"; for an environment variable write ${{env:{reference}}}" : "; a dollar before '{' is written $$";
            return new ScalarText(null, $"{shown} is a request variable, which only a template may hold, and {ScalarNode.Quote(node.Label)} is none{suggestion}");
        }

        var (source, name) = (reference[..colon], reference[(colon + 1)..]);
        return source switch
        {
            "env" when !VariableName().IsMatch(name) => new ScalarText(null, $"{shown}: the name of a variable is letters, digits and '_'"),
            "credential" when !CredentialName().IsMatch(name) => new ScalarText(null, $"{shown}: the name of a credential is one file name"),
            "file" when name.Length == 0 => new ScalarText(null, $"{shown}: a path is missing"),
            "env" or "file" or "credential" when !lookUp => ScalarText.Unknown,
            "env" => environment(name) is { } value ? new ScalarText(value) : new ScalarText(null, $"{shown}: the environment variable is not set"),
            "file" => ReadFile(Path.Combine(Path.GetDirectoryName(node.Span.File) ?? "", name), shown),
            "credential" => environment("CREDENTIALS_DIRECTORY") is { Length: > 0 } folder
                ? ReadFile(Path.Combine(folder, name), shown)
                : new ScalarText(null, $"{shown}: CREDENTIALS_DIRECTORY is not set; systemd sets it for a unit with LoadCredential="),
            _ => new ScalarText(null, $"{shown}: a reference is ${{env:NAME}}, ${{file:PATH}} or ${{credential:NAME}}{NearestName.Suggest(source, Sources)}"),
        };
    }

    // A text file ends with a line break that nobody means.
    private ScalarText ReadFile(string path, string shown)
    {
        var text = files.Read(path, YamlBounds.ReferenceBytes, out var fault);
        return text is null
            ? new ScalarText(null, $"{shown}: cannot read {ScalarNode.Clean(path)}: {fault}")
            : new ScalarText(text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text);
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex VariableName();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.@-]*\z")]
    private static partial Regex CredentialName();
}

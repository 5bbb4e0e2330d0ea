using System.Text.RegularExpressions;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>
/// What a document may claim: documents that name things rot when the things are renamed, unless a test reads them. Each rule
/// says what is wrong and where; nothing means that the document is true as far as this can be seen.
/// </summary>
internal static partial class DocRules
{
    /// <summary>Paths that exist only after a target made them.</summary>
    private static readonly string[] Made = ["bin/lb", "artifacts/lb", "artifacts/test-results"];

    /// <summary>Fields of HTTP that are written like a type.</summary>
    private static readonly string[] Fields = ["Allow", "Connection", "Expect", "Forwarded", "Host", "Location", "Upgrade", "Via"];

    /// <summary>A path in backticks is a file or folder of the repository.</summary>
    public static IEnumerable<string> Paths(MarkdownFile doc, KnownNames names) =>
        from span in doc.Spans
        let path = Place().Replace(span.Text, "").TrimEnd('/')
        where LooksLikePath(path) && !Made.Contains(path) && !names.HasPath(path) && !names.HasPath(path + ".cs")
        select $"{doc.Path}:{span.Line}: `{span.Text}` is no file or folder here; if it is no path either, write it without backticks";

    /// <summary>A name in backticks that is written like a type is one, ours or the platform's, or a member of one.</summary>
    public static IEnumerable<string> Types(MarkdownFile doc, KnownNames names) =>
        from span in doc.Spans
        where TypeName().IsMatch(span.Text) && !KnownExtension().IsMatch(span.Text) && !Fields.Contains(span.Text)
        let name = TypeParameters().Replace(span.Text, "")
        where !names.HasType(name)
        select $"{doc.Path}:{span.Line}: `{span.Text}` is no type here or on the platform, and no member of one";

    /// <summary>A command that begins with make names a target.</summary>
    public static IEnumerable<string> Targets(MarkdownFile doc, KnownNames names) =>
        from command in doc.Commands
        let make = MakeCommand().Match(command.Text)
        where make.Success
        from target in make.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        where !target.Contains('=', StringComparison.Ordinal) && !names.HasTarget(target)
        select $"{doc.Path}:{command.Line}: the Makefile has no target {target}";

    /// <summary>A link leads to a file or folder of the repository, and to a heading that is there.</summary>
    /// <param name="doc">The document.</param>
    /// <param name="names">The repository's names.</param>
    /// <param name="open">Another document by its path.</param>
    public static IEnumerable<string> Links(MarkdownFile doc, KnownNames names, Func<string, MarkdownFile> open)
    {
        foreach (var (link, line) in doc.Links.Where(link => !Scheme().IsMatch(link.Target)))
        {
            var (target, anchor) = link.Split('#', 2) is [var before, var after] ? (before, after) : (link, null);
            var path = target.Length == 0 ? doc.Path : Resolve(doc.Path, target);
            if (path is null || !names.HasExactPath(path))
            {
                yield return $"{doc.Path}:{line}: the link {link} leads nowhere";
            }
            else if (anchor is not null && path.EndsWith(".md", StringComparison.Ordinal)
                && !(path == doc.Path ? doc : open(path)).Anchors.Contains(anchor))
            {
                yield return $"{doc.Path}:{line}: {path} has no heading for the link {link}";
            }
        }
    }

    /// <summary>The path that a relative link means; null where it leaves the repository.</summary>
    private static string? Resolve(string from, string target)
    {
        var parts = new List<string>(from.Split('/')[..^1]);
        foreach (var part in target.TrimEnd('/').Split('/'))
        {
            if (part == ".." && parts.Count == 0)
            {
                return null;
            }

            if (part == "..")
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }

    private static bool LooksLikePath(string text) =>
        PathOfParts().IsMatch(text)
            ? !MediaType().IsMatch(text) && !Placeholder().IsMatch(text)
            : FileName().IsMatch(text) && KnownExtension().IsMatch(text);

    [GeneratedRegex(@"(:\d+){1,2}$")]
    private static partial Regex Place();

    /// <summary>Parts with slashes between them; what begins with a digit is a rate or a network, what begins with a slash is outside.</summary>
    [GeneratedRegex(@"^(?!\d)[\w.-]+(?:/[\w.-]+)+$")]
    private static partial Regex PathOfParts();

    [GeneratedRegex(@"^[\w.-]+$")]
    private static partial Regex FileName();

    [GeneratedRegex(@"\.(md|cs|csproj|sln|props|targets|yaml|yml|json|sh|txt|service|socket|xml|c)$")]
    private static partial Regex KnownExtension();

    [GeneratedRegex(@"^(text|application|image|audio|video|multipart|message|font)/")]
    private static partial Regex MediaType();

    [GeneratedRegex(@"(^|/)(?!LICENSE|README|CHANGELOG|CONTRIBUTING|SECURITY)[A-Z]+(/|$|\.)")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"^[A-Z]\w*[a-z]{2}\w*(?:<[\w, ]+>)?(?:\.[A-Z]\w*(?:<[\w, ]+>)?)*(?:\(\))?$")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"<[^>]*>|\(\)")]
    private static partial Regex TypeParameters();

    [GeneratedRegex(@"^make((?: [a-zA-Z][\w-]*(?:=\S*)?)+)(?:$|[\s;&|#])")]
    private static partial Regex MakeCommand();

    [GeneratedRegex(@"^[a-z][a-z0-9+.-]*:", RegexOptions.IgnoreCase)]
    private static partial Regex Scheme();
}

using System.Reflection;
using System.Text.RegularExpressions;
using CommandLine;

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

    /// <summary>What is to be typed stands in a fence marked sh, or in one marked console with what it prints: those are run.</summary>
    public static IEnumerable<string> Fences(MarkdownFile doc) =>
        from line in doc.Fenced
        where line.Language is not ("sh" or "console") && Typed().IsMatch(line.Text)
        select $"{doc.Path}:{line.Line}: '{line.Text}' is a command in a fence that is marked neither sh nor console, so no test runs it";

    /// <summary>A command that begins with lb has a verb, options and a number of arguments that there are.</summary>
    public static IEnumerable<string> Verbs(MarkdownFile doc, IReadOnlyList<Type> verbs) =>
        from command in doc.Commands
        let words = Word().Matches(Shell().Match(command.Text).Value).Select(word => word.Value).ToArray()
        where words is ["lb", _, ..] && VerbName().IsMatch(words[1])
        let verb = verbs.FirstOrDefault(verb => verb.GetCustomAttribute<VerbAttribute>()!.Name == words[1])
        let fault = verb is null ? $"lb has no verb '{words[1]}'" : Misused(verb, words[2..])
        where fault is not null
        select $"{doc.Path}:{command.Line}: `{command.Text}`: {fault}";

    /// <summary>What of these words the verb would not take; null where there is nothing.</summary>
    private static string? Misused(Type verb, string[] words)
    {
        var options = verb.GetProperties().Select(property => (property.PropertyType, Option: property.GetCustomAttribute<OptionAttribute>())).Where(pair => pair.Option is not null).ToArray();
        var room = verb.GetProperties().Count(property => property.GetCustomAttribute<ValueAttribute>() is { Hidden: false });
        for (var at = 0; at < words.Length; at++)
        {
            if (!words[at].StartsWith('-') || words[at] == "-")
            {
                room -= words[at] == "…" ? 0 : 1;
            }
            else if (options.FirstOrDefault(pair => words[at] == $"-{pair.Option!.ShortName}" || words[at] == $"--{pair.Option.LongName}") is { Option: not null } known)
            {
                at += known.PropertyType == typeof(bool) ? 0 : 1;
            }
            else
            {
                return $"{words[at]} is no option of it";
            }
        }

        return room < 0 ? "that are more arguments than it has" : null;
    }

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

    /// <summary>A prompt, or what nobody writes but to have it typed.</summary>
    [GeneratedRegex(@"^\s*(\$ |(?:lb|make|curl|sudo|docker|openssl) [\w./-]+(?: |$))")]
    private static partial Regex Typed();

    /// <summary>One command, without what comes after it on the line.</summary>
    [GeneratedRegex(@"^(?:""[^""]*""|'[^']*'|[^|;&#<>""'])*")]
    private static partial Regex Shell();

    [GeneratedRegex(@"(?:""[^""]*""|'[^']*'|\S)+")]
    private static partial Regex Word();

    [GeneratedRegex("^[a-z]+$")]
    private static partial Regex VerbName();

    [GeneratedRegex(@"^[a-z][a-z0-9+.-]*:", RegexOptions.IgnoreCase)]
    private static partial Regex Scheme();
}

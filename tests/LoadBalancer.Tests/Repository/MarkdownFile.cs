using System.Text.RegularExpressions;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>One document, as its claims can be read: what it names in backticks, what it links to, what it tells to type.</summary>
internal sealed partial class MarkdownFile
{
    /// <summary>A document at <paramref name="path"/>, relative to the root, that holds <paramref name="text"/>.</summary>
    public MarkdownFile(string path, string text)
    {
        Path = path;
        var spans = new List<(string, int)>();
        var links = new List<(string, int)>();
        var commands = new List<(string, int)>();
        var anchors = new List<string>();
        string? fence = null, language = null;
        var fenced = new List<(string, string, int)>();
        var lines = text.Split('\n');
        for (var index = 0; index < lines.Length; index++)
        {
            var (line, number) = (lines[index], index + 1);
            if (Fence().Match(line) is { Success: true } mark && (fence is null || mark.Groups[1].Value.StartsWith(fence, StringComparison.Ordinal)))
            {
                (fence, language) = fence is null ? (mark.Groups[1].Value, mark.Groups[2].Value) : (null, null);
            }
            else if (fence is not null)
            {
                fenced.Add((language!, line, number));
                commands.Add((Prompt().Replace(line, ""), number));
            }
            else
            {
                spans.AddRange(Span().Matches(line).Select(span => (span.Groups[2].Value.Trim(), number)));
                var prose = Span().Replace(line, match => new string('x', match.Length));
                links.AddRange(Link().Matches(prose).Select(link => (link.Groups["target"].Value, number)));
                if (Heading().Match(line) is { Success: true } heading)
                {
                    anchors.Add(Anchor(heading.Groups[1].Value, anchors));
                }
            }
        }

        (Spans, Links, Anchors, Fenced) = (spans, links, anchors, fenced);
        Commands = [.. commands, .. spans];
    }

    /// <summary>Where it is, relative to the root, with '/'.</summary>
    public string Path { get; }

    /// <summary>What stands in backticks in its prose, each with its line.</summary>
    public IReadOnlyList<(string Text, int Line)> Spans { get; }

    /// <summary>The targets of its links, each with its line.</summary>
    public IReadOnlyList<(string Target, int Line)> Links { get; }

    /// <summary>What may be a command: lines of its code blocks without their prompt, and its spans.</summary>
    public IReadOnlyList<(string Text, int Line)> Commands { get; }

    /// <summary>The lines of its code blocks as they stand, each with the language of its block, which is empty where it has none.</summary>
    public IReadOnlyList<(string Language, string Text, int Line)> Fenced { get; }

    /// <summary>The anchors of its headings.</summary>
    public IReadOnlyList<string> Anchors { get; }

    /// <summary>A heading's anchor as forges make it: lower case, punctuation gone, spaces as dashes, a number behind the second of a kind.</summary>
    private static string Anchor(string heading, List<string> earlier)
    {
        var plain = NoAnchor().Replace(heading.Trim().ToLowerInvariant(), "").Replace(' ', '-');
        return !earlier.Contains(plain) ? plain : Enumerable.Range(1, earlier.Count + 1).Select(n => $"{plain}-{n}").First(name => !earlier.Contains(name));
    }

    [GeneratedRegex(@"^\s*(```+|~~~+)\s*(\w*)")]
    private static partial Regex Fence();

    [GeneratedRegex(@"^\s*(\$ )?(sudo )?")]
    private static partial Regex Prompt();

    [GeneratedRegex(@"(`+)(.+?)(?<!`)\1(?!`)")]
    private static partial Regex Span();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)(?:\s+""[^""]*"")?\)|^\s*\[[^\]]+\]:\s*(?<target>\S+)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#{1,6}\s+(.*?)\s*#*\s*$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoAnchor();
}

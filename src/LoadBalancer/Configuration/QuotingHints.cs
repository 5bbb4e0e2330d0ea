using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>What to do about a YAML error. Nearly always a value needs quotes; the text itself is never quoted here, since it may be a secret.</summary>
internal static partial class QuotingHints
{
    /// <summary>For a value such as <c>*.example.com</c>.</summary>
    public const string Star = "; put a value that starts with '*' in quotes";

    /// <summary>For a value such as <c>[::]:80</c>.</summary>
    public const string Bracket = "; put a value that starts with '[' in quotes: \"[::]:80\"";

    /// <summary>For a value such as <c>/users/{id}</c> in a list or map of one line.</summary>
    public const string Brace = "; inside {…} or […] put a value that holds '{' in quotes: \"${env:NAME}\"";

    /// <summary>The advice for an error, or nothing.</summary>
    /// <param name="error">The parser's error.</param>
    /// <param name="text">The file's text.</param>
    /// <param name="open">The innermost list or map that was not closed yet.</param>
    public static string For(YamlException error, string text, ParsingEvent? open)
    {
        var line = Line(text, error.Start.Line);
        var at = (int)error.Start.Column - 1;
        var letter = at < line.Length ? line[at] : '\0';
        var message = error.Message;
        if (message.Contains("tab", StringComparison.Ordinal))
        {
            return "; indent with spaces";
        }

        if (BracketedAddress().IsMatch(line))
        {
            return Bracket;
        }

        if (open is not null && IsFlow(open))
        {
            return letter == '{' ? Brace : FormattableString.Invariant($"; the {Opening(open)} at {open.Start.Line}:{open.Start.Column} is not closed before that");
        }

        return (letter, message) switch
        {
            ('@' or '`' or '%', _) => $"; put a value that starts with '{letter}' in quotes",
            (_, _) when message.Contains("quoted scalar", StringComparison.Ordinal) && message.Contains("escape", StringComparison.Ordinal) =>
                "; in single quotes a backslash is an ordinary character",
            (_, _) when message.Contains("quoted scalar", StringComparison.Ordinal) => "; the quote that opens here is not closed",
            (_, _) when message.Contains("invalid mapping", StringComparison.Ordinal) => "; put a value that holds ': ' in quotes, and indent all keys of a map alike",
            (_, _) when message.Contains("did not find expected key", StringComparison.Ordinal) => "; are all keys of this map indented alike?",
            _ => "",
        };
    }

    /// <summary>True for a list or map written in brackets.</summary>
    public static bool IsFlow(ParsingEvent start) => start is MappingStart { Style: MappingStyle.Flow } or SequenceStart { Style: SequenceStyle.Flow };

    /// <summary>The bracket that opens it, in quotes.</summary>
    public static string Opening(ParsingEvent start) => start is MappingStart ? "'{'" : "'['";

    private static string Line(string text, long number)
    {
        var lines = text.AsSpan().EnumerateLines();
        while (number-- > 0 && lines.MoveNext())
        {
        }

        return lines.Current.Length > 10_000 ? "" : lines.Current.ToString();
    }

    // An unquoted [::]:80 or [fe80::1]:80.
    [GeneratedRegex(@"(^|[\s,\[])\[[0-9A-Fa-f:.%]*\]:[0-9]", RegexOptions.NonBacktracking)]
    private static partial Regex BracketedAddress();
}

using System.Text;
using System.Text.RegularExpressions;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>
/// What a document has its reader do, in its order, as steps of the <c>sandbox</c> beside this file: each command of its fences marked sh and
/// console, and each file that it shows. A yaml fence that is a whole lb.yaml becomes that file; <c>&lt;!-- file NAME --&gt;</c> on the line
/// before a fence says another name. Every command has to succeed, but for the last of a fence behind <c>&lt;!-- exit CODE --&gt;</c>. What the document takes for granted, such as keys that were made or an lb that runs, stands in a comment
/// of it: <c>&lt;!-- before</c>, then commands, then <c>--&gt;</c>.
/// </summary>
internal sealed partial class PageScript
{
    private readonly StringBuilder _steps = new();
    private readonly List<PageCommand> _commands = [];

    /// <summary>The steps of the document at <paramref name="path"/>, relative to the root, that holds <paramref name="text"/>.</summary>
    public PageScript(string path, string text)
    {
        Path = path;
        var lines = text.Split('\n');
        string? name = null;
        var exit = "0";
        for (var at = 0; at < lines.Length; at++)
        {
            var number = at + 1;
            if (lines[at].Trim() == "<!-- before")
            {
                Step($"before {number} {Quoted(string.Join('\n', Until(lines, ref at, "-->")))}");
            }
            else if (FileName().Match(lines[at]) is { Success: true } file)
            {
                name = file.Groups[1].Value;
            }
            else if (Exit().Match(lines[at]) is { Success: true } code)
            {
                exit = code.Groups[1].Value;
            }
            else if (Fence().Match(lines[at]) is { Success: true } fence)
            {
                Read(fence.Groups[1].Value, name, exit, [.. Until(lines, ref at, "```")], number + 1);
                (name, exit) = (null, "0");
            }
        }
    }

    /// <summary>Where the document is, relative to the root.</summary>
    public string Path { get; }

    /// <summary>Its commands, in their order.</summary>
    public IReadOnlyList<PageCommand> Commands => _commands;

    /// <summary>The script.</summary>
    public override string ToString() => _steps.ToString();

    private void Read(string language, string? name, string exit, string[] lines, int first)
    {
        var whole = string.Join('\n', lines) + "\n";
        if (name is not null || (language == "yaml" && WholeFile().IsMatch(whole)))
        {
            Step($"printf %s {Quoted(whole)} > {Quoted(name ?? "lb.yaml")}");
        }

        if (language is not ("sh" or "console"))
        {
            return;
        }

        var begun = _commands.Count;
        for (var at = 0; at < lines.Length; at++)
        {
            var number = first + at;
            var command = new StringBuilder(lines[at]);
            while (command.ToString().EndsWith('\\') && at + 1 < lines.Length)
            {
                command.Append('\n').Append(lines[++at]);
            }

            var typed = command.ToString();
            if (language == "console")
            {
                Assert.That(typed, Does.StartWith("$ "), $"{Path}:{number}: a console begins with a command");
                var printed = lines[(at + 1)..].TakeWhile(line => !line.StartsWith("$ ", StringComparison.Ordinal)).ToArray();
                at += printed.Length;
                _commands.Add(new PageCommand(number, typed[2..], printed));
            }
            else if (typed.Length > 0 && !typed.StartsWith('#'))
            {
                _commands.Add(new PageCommand(number, typed, null));
            }
        }

        foreach (var command in _commands[begun..])
        {
            Step($"step {command.Line} {(command == _commands[^1] ? exit : "0")} {Quoted(command.Text)}");
        }
    }

    private void Step(string line) => _steps.Append(line).Append('\n');

    /// <summary>The lines after <paramref name="at"/>, up to the one that ends them; without the white space that all begin with where they are part of a list.</summary>
    private static IEnumerable<string> Until(string[] lines, ref int at, string end)
    {
        var (first, indent) = (at + 1, lines[at].Length - lines[at].TrimStart().Length);
        do
        {
            at++;
        }
        while (at < lines.Length && lines[at].Trim() != end);
        return lines[first..at].Select(line => line.Length >= indent ? line[indent..] : "");
    }

    private static string Quoted(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    [GeneratedRegex(@"^\s*```(\w*)$")]
    private static partial Regex Fence();

    [GeneratedRegex(@"^\s*<!-- file (\S+) -->$")]
    private static partial Regex FileName();

    [GeneratedRegex(@"^\s*<!-- exit (\d+) -->$")]
    private static partial Regex Exit();

    [GeneratedRegex(@"\A(?=[\s\S]*^listeners:)(?=[\s\S]*^upstreams:)", RegexOptions.Multiline)]
    private static partial Regex WholeFile();
}

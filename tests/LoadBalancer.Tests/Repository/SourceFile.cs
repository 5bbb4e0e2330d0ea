using System.Text.RegularExpressions;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>One C# file of the product, as the rules of the house see it.</summary>
internal sealed partial class SourceFile
{
    /// <summary>A file at <paramref name="path"/>, relative to the root, that holds <paramref name="text"/>.</summary>
    public SourceFile(string path, string text)
    {
        Path = path;
        Lines = text.Split('\n');
        Code = CSharpText.CodeOf(text);
        Namespace = NamespaceLine().Match(Code) is { Success: true } found ? found.Groups[1].Value : null;
        Imports = [.. UsingLine().Matches(Code).Select(use => new Import(use.Groups["target"].Value, LineOf(use.Index), use.Groups["global"].Success))];
        Types = [.. TypeDeclaration().Matches(Code).Select(type => new DeclaredType(type.Groups["name"].Value, LineOf(type.Index), Depth(type.Index) == 0))];
    }

    /// <summary>Where it is, relative to the root, with '/'.</summary>
    public string Path { get; }

    /// <summary>Its text, line by line.</summary>
    public IReadOnlyList<string> Lines { get; }

    /// <summary>Its text with comments and literals blanked.</summary>
    public string Code { get; }

    /// <summary>The namespace that it declares; null where it declares none.</summary>
    public string? Namespace { get; }

    /// <summary>Its using directives.</summary>
    public IReadOnlyList<Import> Imports { get; }

    /// <summary>Every type that it declares, nested ones too.</summary>
    public IReadOnlyList<DeclaredType> Types { get; }

    /// <summary>The name that its type must have: <c>Foo</c> for Foo.cs and for its part Foo.Bar.cs.</summary>
    public string Stem => System.IO.Path.GetFileName(Path).Split('.')[0];

    /// <summary>The lines on which <paramref name="pattern"/> matches code, except those that a comment excuses (rule zero).</summary>
    public IEnumerable<int> LinesWith(Regex pattern) => pattern.Matches(Code).Select(match => LineOf(match.Index)).Where(line => !Excused(line));

    /// <summary>
    /// Rule zero: any rule may be broken with a comment that says why. True where the line, or the comment above it,
    /// has <c>// Rule zero: reason</c>.
    /// </summary>
    public bool Excused(int line)
    {
        if (Lines[line - 1].Contains("// Rule zero: ", StringComparison.Ordinal))
        {
            return true;
        }

        for (var above = line - 2; above >= 0 && Lines[above].TrimStart().StartsWith("//", StringComparison.Ordinal); above--)
        {
            if (Lines[above].Contains("// Rule zero: ", StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The line, from 1, of a place in the text.</summary>
    public int LineOf(int index) => Code.AsSpan(0, index).Count('\n') + 1;

    private int Depth(int index) => Code.AsSpan(0, index).Count('{') - Code.AsSpan(0, index).Count('}');

    [GeneratedRegex(@"^\s*namespace\s+([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^[ \t]*(?<global>global\s+)?using\s+(?:static\s+|unsafe\s+)*(?:\w+\s*=\s*)?(?:global::)?(?<target>\w+(?:\.\w+)*)(?:<[^;]*>)?\s*;", RegexOptions.Multiline)]
    private static partial Regex UsingLine();

    [GeneratedRegex(@"(?<![\w.@])(?:(?:class|struct|interface|enum|record(?:\s+(?:class|struct))?)\s+(?<name>[A-Z_]\w*)|delegate\s+(?!\*)[\w<>\[\],.?\s]+?\s(?<name>[A-Z_]\w*)\s*(?:<[^(]*>)?\s*\()")]
    private static partial Regex TypeDeclaration();
}

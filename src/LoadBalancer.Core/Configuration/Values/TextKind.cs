using System.Text.RegularExpressions;

namespace LoadBalancer.Configuration.Values;

/// <summary>A text of a given form.</summary>
internal sealed class TextKind(string noun, string example, string pattern) : ScalarKind<string>
{
    // Made at the first text that is read, and not by the engine without backtracking, which costs a start 70 ms of CPU before its
    // first match. It is not needed: the patterns are our own, and none has two ways to match the same text.
    private Regex? _form;

    /// <inheritdoc/>
    public override string Noun => noun;

    /// <inheritdoc/>
    public override string Example => example;

    /// <inheritdoc/>
    protected override string Pattern => pattern;

    /// <inheritdoc/>
    public override bool TryParse(string text, out string value)
    {
        value = text;
        return (_form ??= new Regex(@"\A(?:" + pattern + @")\z")).IsMatch(text);
    }

    /// <inheritdoc/>
    public override string? Print(string value) => value;
}

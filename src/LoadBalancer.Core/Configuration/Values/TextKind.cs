using System.Text.RegularExpressions;

namespace LoadBalancer.Configuration.Values;

/// <summary>A text of a given form.</summary>
internal sealed class TextKind(string noun, string example, string pattern) : ScalarKind<string>
{
    private readonly Regex _form = new(@"\A(?:" + pattern + @")\z", RegexOptions.NonBacktracking);

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
        return _form.IsMatch(text);
    }

    /// <inheritdoc/>
    public override string? Print(string value) => value;
}

using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Routing;

/// <summary>The kind of the file's <c>path_regex</c>: see <see cref="PathPattern"/>.</summary>
internal sealed class PathRegexKind : ScalarKind<string>
{
    private const int MostLength = 1024;

    /// <inheritdoc/>
    public override string Noun => "a regular expression";

    /// <inheritdoc/>
    public override string Example => "'/v[0-9]+/.*'";

    /// <inheritdoc/>
    protected override string Pattern => ".{1,1024}";

    /// <inheritdoc/>
    public override bool TryParse(string text, out string value)
    {
        value = text;
        return text.Length is > 0 and <= MostLength && PathPattern.TryParseRegex(text, out _, out _);
    }

    /// <inheritdoc/>
    public override string? Print(string value) => value;

    /// <inheritdoc/>
    public override string? Advice(string text) => text.Length > MostLength ? $"it has more than {MostLength} characters"
        : PathPattern.TryParseRegex(text, out _, out var fault) ? null
        : fault;
}

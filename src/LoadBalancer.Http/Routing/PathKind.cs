using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Routing;

/// <summary>The kind of the file's <c>path</c>: see <see cref="PathPattern"/>.</summary>
internal sealed class PathKind : ScalarKind<string>
{
    /// <inheritdoc/>
    public override string Noun => "a path";

    /// <inheritdoc/>
    public override string Example => "/trips, \"/users/*\" or \"/trips/{id}/track\"";

    /// <inheritdoc/>
    protected override string Pattern => "/[^?#]*";

    /// <inheritdoc/>
    public override bool TryParse(string text, out string value)
    {
        value = text;
        return PathPattern.TryParse(text, out _, out _);
    }

    /// <inheritdoc/>
    public override string? Print(string value) => value;

    /// <inheritdoc/>
    public override string? Advice(string text) => PathPattern.TryParse(text, out _, out var fault) ? null : fault;
}

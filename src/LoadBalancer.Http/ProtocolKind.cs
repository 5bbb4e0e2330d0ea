using LoadBalancer.Configuration;

namespace LoadBalancer.Http;

/// <summary>The kind of an item of the file's <c>protocols</c>.</summary>
internal sealed class ProtocolKind : ScalarKind<string>
{
    private const string Http1 = "http1";

    /// <inheritdoc/>
    public override string Noun => Http1;

    /// <inheritdoc/>
    public override string Example => "";

    /// <inheritdoc/>
    protected override string Pattern => Http1;

    /// <inheritdoc/>
    public override bool TryParse(string text, out string value)
    {
        value = text;
        return text == Http1;
    }

    /// <inheritdoc/>
    public override string? Print(string value) => value;

    /// <inheritdoc/>
    public override string? Advice(string text) => text.ToUpperInvariant() is "HTTP2" or "H2" or "H2C" or "HTTP/2"
        ? "HTTP/2 is not spoken yet; leave it out"
        : NearestName.Of(text, [Http1]) is { } near ? $"did you mean '{near}'?" : null;
}

using LoadBalancer.Configuration;

namespace LoadBalancer.Http;

/// <summary>The kind of an item of the file's <c>protocols</c>.</summary>
internal sealed class ProtocolKind : ScalarKind<string>
{
    /// <summary>HTTP/1.1 and HTTP/1.0.</summary>
    public const string Http1 = "http1";

    /// <summary>HTTP/2.</summary>
    public const string Http2 = "http2";

    /// <inheritdoc/>
    public override string Noun => "http1 or http2";

    /// <inheritdoc/>
    public override string Example => "";

    /// <inheritdoc/>
    protected override string Pattern => "http1|http2";

    /// <inheritdoc/>
    public override bool TryParse(string text, out string value)
    {
        value = text;
        return text is Http1 or Http2;
    }

    /// <inheritdoc/>
    public override string? Print(string value) => value;

    /// <inheritdoc/>
    public override string? Advice(string text) => text.ToUpperInvariant() is "HTTP2" or "H2" or "H2C" or "HTTP/2"
        ? "write http2"
        : NearestName.Of(text, [Http1, Http2]) is { } near ? $"did you mean '{near}'?" : null;
}

using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Responses;

/// <summary>What a client gets in place of an error of lb's own: the file's <c>on_error.STATUS</c>, with either <c>body</c> or <c>upstream</c>.</summary>
internal sealed record OnErrorOptions : IConfigurable<OnErrorOptions>
{
    /// <inheritdoc/>
    public static Shape<OnErrorOptions> Shape { get; } = new(
        "on_error", "What a client gets in place of an error of lb's own: another body, or the answer of another upstream.",
        """{body: "We are back soon.", headers: {Content-Type: text/plain}}""", () => new())
    {
        {
            "body", Kinds.LongTemplate(RespondOptions.MostBody).OrNull("none"), o => o.Body, (o, value) => o with { Body = value },
            "The body, a template; plain text unless `headers` say otherwise."
        },
        {
            "headers", Kinds.ByField(Kinds.Template(4096)), o => o.Headers, (o, value) => o with { Headers = value },
            "Header fields, templates."
        },
        {
            "upstream", Kinds.Name("the name of an upstream"), o => o.Upstream!, (o, value) => o with { Upstream = value },
            "The upstream that answers instead, where the request can be sent again: it has no body, or none of it was sent. Only of requests that the route's policies have let pass, or refused by the client's fault (4xx); not of calls of gRPC."
        },
    };

    /// <summary>The body, a template; null for none.</summary>
    public string? Body { get; init; }

    /// <summary>Header fields by name, templates.</summary>
    public ValueMap<string> Headers { get; init; } = ValueMap<string>.Empty;

    /// <summary>The name of the upstream that answers instead; null where <see cref="Body"/> does.</summary>
    public string? Upstream { get; init; }
}

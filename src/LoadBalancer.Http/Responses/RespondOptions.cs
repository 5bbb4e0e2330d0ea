using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Responses;

/// <summary>A response of lb's own: the file's <c>respond</c>.</summary>
internal sealed record RespondOptions : IConfigurable<RespondOptions>
{
    /// <summary>What a body may be.</summary>
    internal const int MostBody = 64 * 1024;

    /// <inheritdoc/>
    public static Shape<RespondOptions> Shape { get; } = new(
        "respond", "A response of lb's own.", """{status: 200, body: "ok", headers: {Content-Type: text/plain}}""", () => new())
    {
        {
            "status", Kinds.Integer(200, 599), o => o.Status, (o, value) => o with { Status = value },
            "The status."
        },
        {
            "body", Kinds.LongTemplate(MostBody).OrNull("none"), o => o.Body, (o, value) => o with { Body = value },
            "The body, a template; plain text unless `headers` say otherwise."
        },
        {
            "headers", Kinds.ByField(Kinds.Template(4096)), o => o.Headers, (o, value) => o with { Headers = value },
            "Header fields, templates."
        },
    };

    /// <summary>The short form <c>respond: readiness</c>: 200 or 503 as <c>/readyz</c> says.</summary>
    public static RespondOptions Readiness { get; } = new() { IsReadiness = true };

    /// <summary>The status.</summary>
    public int Status { get; init; } = 200;

    /// <summary>The body, a template; null for none.</summary>
    public string? Body { get; init; }

    /// <summary>Header fields by name, templates.</summary>
    public ValueMap<string> Headers { get; init; } = ValueMap<string>.Empty;

    /// <summary>True where the response tells whether lb is ready, and nothing else here counts.</summary>
    internal bool IsReadiness { get; init; }
}

using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Server;

/// <summary>How large and how slow a request may be: the file's <c>listeners.NAME.http.limits</c>.</summary>
internal sealed record HttpLimits : IConfigurable<HttpLimits>
{
    /// <inheritdoc/>
    public static Shape<HttpLimits> Shape { get; } = new(
        "http_limits", "How large and how slow a request may be.", "{head: 32KiB, fields: 100, body: 10MB}", () => new())
    {
        {
            "head", Kinds.Size("1KiB", "1MiB"), o => o.Head, (o, value) => o with { Head = value },
            "The request line and the header fields together; more is 431."
        },
        {
            "fields", Kinds.Integer(1, 1000), o => o.Fields, (o, value) => o with { Fields = value },
            "Header fields; more are 431."
        },
        {
            "target", Kinds.Size("64B", "64KiB"), o => o.Target, (o, value) => o with { Target = value },
            "The request's target, which is path and query; longer is 414."
        },
        {
            "body", Kinds.Size("0B", "100TiB").Or("none", long.MaxValue), o => o.Body, (o, value) => o with { Body = value },
            "The request's body; more is 413. A route may have its own bound."
        },
        {
            "body_rate", Kinds.Bandwidth("1B/s", "1GiB/s").Or("none", 0), o => o.BodyRate, (o, value) => o with { BodyRate = value },
            "How fast a request's body has to come, on average after the first 5 seconds; slower is 408. Time in which lb itself waits for the endpoint is not counted."
        },
        {
            "streams", Kinds.Integer(1, 1000), o => o.Streams, (o, value) => o with { Streams = value },
            "Requests that a connection of HTTP/2 may have at once; more are refused, and may be sent again."
        },
    };

    /// <summary>The request line and the header fields together, in bytes.</summary>
    public long Head { get; init; } = 32 * 1024;

    /// <summary>Header fields.</summary>
    public int Fields { get; init; } = 100;

    /// <summary>The request's target in bytes.</summary>
    public long Target { get; init; } = 8 * 1024;

    /// <summary>The request's body in bytes; <see cref="long.MaxValue"/> for no bound.</summary>
    public long Body { get; init; } = 10_000_000;

    /// <summary>How fast a request's body has to come, in bytes per second; 0 for no bound.</summary>
    public long BodyRate { get; init; } = 240;

    /// <summary>Requests that a connection of HTTP/2 may have at once.</summary>
    public int Streams { get; init; } = 100;
}

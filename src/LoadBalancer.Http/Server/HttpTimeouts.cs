using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Server;

/// <summary>Time bounds of clients' requests: the file's <c>listeners.NAME.http.timeouts</c>.</summary>
internal sealed record HttpTimeouts : IConfigurable<HttpTimeouts>
{
    /// <inheritdoc/>
    public static Shape<HttpTimeouts> Shape { get; } = new(
        "http_timeouts", "Time bounds of clients' requests.", "{head: 10s, idle: 75s, body: 30s}", () => new())
    {
        {
            "handshake", Kinds.Duration("100ms", "5m"), o => o.Handshake, (o, value) => o with { Handshake = value },
            "With `tls`: the TLS handshake, from the first moment to the last; `handshake_timeout`."
        },
        {
            "head", Kinds.Duration("100ms", "10m"), o => o.Head, (o, value) => o with { Head = value },
            "From the first byte of a request's head to its last; then 408, and the connection is closed. Also from the accept to the first byte; then it is closed without a word."
        },
        {
            "idle", Kinds.Duration("100ms", "1d"), o => o.Idle, (o, value) => o with { Idle = value },
            "How long a connection may be without a request; then it is closed."
        },
        {
            "body", Kinds.Duration("100ms", "1h"), o => o.Body, (o, value) => o with { Body = value },
            "The silence between bytes of a request's body; then 408, and the connection is closed."
        },
    };

    /// <summary>The TLS handshake of a listener that has TLS.</summary>
    public TimeSpan Handshake { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From the first byte of a head to its last.</summary>
    public TimeSpan Head { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may be without a request.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>The silence between bytes of a request's body.</summary>
    public TimeSpan Body { get; init; } = TimeSpan.FromSeconds(30);
}

using LoadBalancer.Configuration;

namespace LoadBalancer.Upstreams;

/// <summary>Time bounds towards endpoints: the file's <c>upstreams.NAME.timeouts</c>.</summary>
public sealed record UpstreamTimeouts : IConfigurable<UpstreamTimeouts>
{
    /// <inheritdoc/>
    public static Shape<UpstreamTimeouts> Shape { get; } = new("upstream_timeouts", "Time bounds towards endpoints.", "{connect: 2s, first_byte: 60s}", () => new())
    {
        {
            "connect", Kinds.Duration("1ms", "5m"), o => o.Connect, (o, value) => o with { Connect = value },
            "From the start of a connect to its answer; then the next endpoint is tried."
        },
        {
            "first_byte", Kinds.Duration("1ms", "1d"), o => o.FirstByte, (o, value) => o with { FirstByte = value },
            "On http: from the end of a request to the first byte of its response; then 504."
        },
        {
            "between_bytes", Kinds.Duration("1ms", "1d"), o => o.BetweenBytes, (o, value) => o with { BetweenBytes = value },
            "On http: the silence between bytes of a response; then it is broken off."
        },
        {
            "stream_idle", Kinds.Duration("1ms", "30d"), o => o.StreamIdle, (o, value) => o with { StreamIdle = value },
            "On http: the silence on a WebSocket, in both directions, and between events of a `text/event-stream`."
        },
        {
            "pool_idle", Kinds.Duration("1ms", "1h"), o => o.PoolIdle, (o, value) => o with { PoolIdle = value },
            "On http: how long a connection that no request uses is kept for the next one. Shorter than what endpoints keep theirs for."
        },
    };

    /// <summary>From the start of a connect to its answer; then the next endpoint is tried.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>From the end of a request to the first byte of its response.</summary>
    public TimeSpan FirstByte { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The silence between bytes of a response.</summary>
    public TimeSpan BetweenBytes { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The silence on a WebSocket, and between events of an event stream.</summary>
    public TimeSpan StreamIdle { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a connection that no request uses is kept.</summary>
    public TimeSpan PoolIdle { get; init; } = TimeSpan.FromSeconds(30);
}

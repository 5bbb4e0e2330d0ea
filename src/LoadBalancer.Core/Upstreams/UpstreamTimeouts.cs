using LoadBalancer.Configuration;

namespace LoadBalancer.Upstreams;

/// <summary>Time bounds towards endpoints: the file's <c>upstreams.NAME.timeouts</c>.</summary>
public sealed record UpstreamTimeouts : IConfigurable<UpstreamTimeouts>
{
    /// <inheritdoc/>
    public static Shape<UpstreamTimeouts> Shape { get; } = new("upstream_timeouts", "Time bounds towards endpoints.", "{connect: 2s}", () => new())
    {
        {
            "connect", Kinds.Duration("1ms", "5m"), o => o.Connect, (o, value) => o with { Connect = value },
            "From the start of a connect to its answer; then the next endpoint is tried."
        },
    };

    /// <summary>From the start of a connect to its answer; then the next endpoint is tried.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(2);
}

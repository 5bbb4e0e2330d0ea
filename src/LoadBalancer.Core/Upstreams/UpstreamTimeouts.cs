namespace LoadBalancer.Upstreams;

/// <summary>Time bounds towards endpoints: the file's <c>upstreams.NAME.timeouts</c>.</summary>
public sealed record UpstreamTimeouts
{
    /// <summary>From the start of a connect to its answer; then the next endpoint is tried. Default 2 s.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(2);
}

using LoadBalancer.Telemetry;

namespace LoadBalancer.Upstreams;

/// <summary>
/// What one upstream has counted over all its endpoints, those that are gone included. It belongs to the upstream's name
/// and outlives reloads that keep the name.
/// </summary>
/// <remarks>Recorded on the thread of the loop that is named, without a lock or an allocation; read from any thread.</remarks>
public sealed class UpstreamMetrics(int loops)
{
    /// <summary>How long connects took that succeeded.</summary>
    public LatencyHistogram ConnectTimes { get; } = new(loops, LatencyBounds.Connect);

    /// <summary>How long connections to endpoints lasted, from the end of the connect to the end of both directions.</summary>
    public LatencyHistogram SessionTimes { get; } = new(loops, LatencyBounds.Session);
}

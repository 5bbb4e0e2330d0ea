using LoadBalancer.Limits;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Upstreams;

/// <summary>
/// What one upstream has counted over all its endpoints, those that are gone included. It belongs to the upstream's name
/// and outlives reloads that keep the name.
/// </summary>
/// <remarks>Recorded on the thread of the loop that is named, without a lock or an allocation; read from any thread.</remarks>
public sealed class UpstreamMetrics(int loops)
{
    private ResponseMetrics? _responses;

    /// <summary>How long connects took that succeeded.</summary>
    public LatencyHistogram ConnectTimes { get; } = new(loops, LatencyBounds.Connect);

    /// <summary>How long connections to endpoints lasted, from the end of the connect to the end of both directions.</summary>
    public LatencyHistogram SessionTimes { get; } = new(loops, LatencyBounds.Session);

    /// <summary>What retries may add to what its endpoints have to do.</summary>
    public RetryBudget Retries { get; } = new(loops);

    /// <summary>What is counted of requests; null where none was ever to be sent to it: it serves TCP alone.</summary>
    public ResponseMetrics? Responses => Volatile.Read(ref _responses);

    /// <summary>Where requests are counted, from now on; on any thread, while a configuration is built.</summary>
    public ResponseMetrics CountResponses() =>
        Responses ?? Interlocked.CompareExchange(ref _responses, new ResponseMetrics(loops), null) ?? Responses!;
}

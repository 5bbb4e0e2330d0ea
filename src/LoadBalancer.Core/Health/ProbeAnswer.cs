using LoadBalancer.Endpoints;

namespace LoadBalancer.Health;

/// <summary>What one probe found.</summary>
/// <param name="Result">The reason code.</param>
/// <param name="Reason">The same for the operator, as it is read at night: <c>connected</c>, <c>status 503, expected 200-299</c>.</param>
/// <param name="IsLate">True where the deadline ended the probe: whoever set it adds how long it was.</param>
internal readonly record struct ProbeAnswer(ProbeResult Result, string Reason, bool IsLate = false)
{
    /// <summary>
    /// True where the endpoint answered as it should, false where it did not; null where it could not be asked: our
    /// shortage must not make every endpoint unhealthy at once.
    /// </summary>
    public bool? Passed => Result switch
    {
        ProbeResult.Passed => true,
        ProbeResult.OutOfResources => null,
        _ => false,
    };
}

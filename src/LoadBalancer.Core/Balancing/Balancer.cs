using LoadBalancer.Endpoints;

namespace LoadBalancer.Balancing;

/// <summary>
/// Picks an endpoint: an immutable table that is built when membership or health changes, and the algorithm that reads
/// it. Load is not in the table; it is read from the endpoints.
/// </summary>
/// <remarks>
/// Thread-safe. A pick allocates nothing, takes no lock and ends after a bounded number of steps, whatever was tried.
/// </remarks>
public abstract class Balancer
{
    /// <summary>The endpoint for one attempt, never one that the context refuses; null where no other is left.</summary>
    public abstract Endpoint? Pick(in PickContext context);
}

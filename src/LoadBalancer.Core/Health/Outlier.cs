using LoadBalancer.Endpoints;

namespace LoadBalancer.Health;

/// <summary>An endpoint that does worse than its upstream allows.</summary>
/// <param name="Endpoint">Who.</param>
/// <param name="Cause">By which rule.</param>
/// <param name="Reason">Why, as a sentence for the operator.</param>
internal readonly record struct Outlier(Endpoint Endpoint, EjectionCause Cause, string Reason);

namespace LoadBalancer.Endpoints;

/// <summary>An upstream begins or ends to use endpoints that its probes call unhealthy, because too few others are left.</summary>
/// <param name="Upstream">Its name in the file.</param>
/// <param name="Began">False where it has ended.</param>
/// <param name="Reason">Why, as a sentence for the operator.</param>
public sealed record PanicTransition(string Upstream, bool Began, string Reason);

namespace LoadBalancer.Endpoints;

/// <summary>An upstream's circuit breaker has changed its state.</summary>
/// <param name="Upstream">Its name in the file.</param>
/// <param name="State">What it is now.</param>
/// <param name="Reason">Why, as a sentence for the operator.</param>
public sealed record CircuitTransition(string Upstream, CircuitState State, string Reason);

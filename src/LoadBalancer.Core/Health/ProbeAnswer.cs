namespace LoadBalancer.Health;

/// <summary>What one probe found.</summary>
/// <param name="Passed">
/// True where the endpoint answered as it should, false where it did not; null where it could not be asked, because this
/// process had no descriptor or port left: our shortage must not make every endpoint unhealthy at once.
/// </param>
/// <param name="Reason">What was found, for the operator: <c>connected</c>, <c>connect_refused</c>, <c>no answer within 2 s</c>.</param>
internal readonly record struct ProbeAnswer(bool? Passed, string Reason);

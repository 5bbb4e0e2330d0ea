namespace LoadBalancer.Http.Explaining;

/// <summary>A try against an endpoint that failed.</summary>
/// <param name="Endpoint">Who was asked.</param>
/// <param name="Fault">Why it failed, as a reason code; null where the status says so.</param>
/// <param name="Status">The status that came; null for none.</param>
/// <param name="ConnectMs">Milliseconds until a connection was there; null for never.</param>
/// <param name="FirstByteMs">Milliseconds from there to the first byte; null for never.</param>
/// <param name="TookMs">Milliseconds in all.</param>
internal sealed record AttemptExplanation(string Endpoint, string? Fault, int? Status, double? ConnectMs, double? FirstByteMs, double? TookMs);

namespace LoadBalancer.Http.Telemetry;

/// <summary>How requests are written. Immutable; a reload makes another.</summary>
/// <param name="Format">The form of a line.</param>
/// <param name="Fields">What it has beside what every line has.</param>
internal sealed record AccessLogStyle(AccessLogFormat Format = AccessLogFormat.Json, AccessLogFields Fields = AccessLogFields.None);

namespace LoadBalancer.Daemon.Status;

/// <summary>What one judge thinks of an endpoint.</summary>
/// <param name="Judge">Who: <c>active</c> (probes) or <c>passive</c> (watched traffic).</param>
/// <param name="Verdict">What: <c>healthy</c>, <c>unhealthy</c>, <c>unproven</c>, <c>ejected</c>.</param>
/// <param name="Reason">Why, as a sentence.</param>
/// <param name="Since">Since when; null where it was always so.</param>
internal sealed record VerdictStatus(string Judge, string Verdict, string Reason, DateTimeOffset? Since);

namespace LoadBalancer.Daemon.Admin;

/// <summary>The answer of POST /purge.</summary>
/// <param name="Purged">How many answers were given up.</param>
internal sealed record PurgedAnswer(long Purged);

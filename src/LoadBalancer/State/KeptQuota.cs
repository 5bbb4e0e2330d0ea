namespace LoadBalancer.Daemon.State;

/// <summary>What is used of one quota in one period.</summary>
/// <param name="Limit">The limit's name.</param>
/// <param name="Plan">The plan.</param>
/// <param name="Period">The day or month, <c>2026-11-22</c> or <c>2026-11</c>.</param>
/// <param name="Callers">How much by whom: a caller is a digest in hexadecimal digits, so that the file names nobody.</param>
internal sealed record KeptQuota(string Limit, string Plan, string Period, IReadOnlyDictionary<string, long> Callers);

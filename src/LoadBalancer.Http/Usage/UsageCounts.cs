namespace LoadBalancer.Http.Usage;

/// <summary>What a caller has used.</summary>
/// <param name="Requests">Requests that have ended, whatever became of them: those that were refused are among them.</param>
/// <param name="RateLimited">Of these, refused because too many came in too short a time.</param>
/// <param name="QuotaExceeded">Of these, refused because a quota was used up.</param>
/// <param name="ConcurrencyExceeded">Of these, refused because too many were under way.</param>
/// <param name="ReceivedBytes">Bytes of requests' bodies that were read.</param>
/// <param name="SentBytes">Bytes of responses' bodies that were written.</param>
internal readonly record struct UsageCounts(long Requests, long RateLimited, long QuotaExceeded, long ConcurrencyExceeded, long ReceivedBytes, long SentBytes)
{
    /// <summary>Both together.</summary>
    public UsageCounts And(in UsageCounts more) => new(
        Requests + more.Requests, RateLimited + more.RateLimited, QuotaExceeded + more.QuotaExceeded, ConcurrencyExceeded + more.ConcurrencyExceeded,
        ReceivedBytes + more.ReceivedBytes, SentBytes + more.SentBytes);

    /// <summary>What this is more than <paramref name="less"/>, number by number; 0 where it is not.</summary>
    public UsageCounts Beyond(in UsageCounts less) => new(
        Math.Max(0, Requests - less.Requests), Math.Max(0, RateLimited - less.RateLimited), Math.Max(0, QuotaExceeded - less.QuotaExceeded),
        Math.Max(0, ConcurrencyExceeded - less.ConcurrencyExceeded), Math.Max(0, ReceivedBytes - less.ReceivedBytes), Math.Max(0, SentBytes - less.SentBytes));

    /// <summary>What was added since <paramref name="before"/>.</summary>
    public UsageCounts Since(in UsageCounts before) => new(
        Requests - before.Requests, RateLimited - before.RateLimited, QuotaExceeded - before.QuotaExceeded, ConcurrencyExceeded - before.ConcurrencyExceeded,
        ReceivedBytes - before.ReceivedBytes, SentBytes - before.SentBytes);
}

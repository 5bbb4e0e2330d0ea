using LoadBalancer.Http.Usage;

namespace LoadBalancer.Daemon.State;

/// <summary>What a caller has used in a month.</summary>
/// <param name="Auth">The entry of the file's <c>auth</c> that knows the caller; null for those who stand for many.</param>
/// <param name="Subject">Who it is.</param>
/// <param name="Plan">The plan; null for none.</param>
/// <param name="Requests">Requests, those that were refused among them.</param>
/// <param name="RateLimited">Refused for a rate.</param>
/// <param name="QuotaExceeded">Refused for a quota.</param>
/// <param name="ConcurrencyExceeded">Refused because too many were under way.</param>
/// <param name="ReceivedBytes">Bytes of requests' bodies.</param>
/// <param name="SentBytes">Bytes of responses' bodies.</param>
internal sealed record UsageRecord(
    string? Auth, string? Subject, string? Plan, long Requests, long RateLimited, long QuotaExceeded, long ConcurrencyExceeded, long ReceivedBytes, long SentBytes)
{
    /// <summary>The caller.</summary>
    internal CallerName Name => new(Auth, Subject, Plan);

    /// <summary>The numbers.</summary>
    internal UsageCounts Counts => new(Requests, RateLimited, QuotaExceeded, ConcurrencyExceeded, ReceivedBytes, SentBytes);

    /// <summary>True where no number is below zero.</summary>
    internal bool IsPossible => Math.Min(Math.Min(Math.Min(Requests, RateLimited), Math.Min(QuotaExceeded, ConcurrencyExceeded)), Math.Min(ReceivedBytes, SentBytes)) >= 0;

    /// <summary>What is counted of a caller now.</summary>
    internal static UsageRecord Of(CallerUsage usage) => Of(usage.Name, usage.Counts);

    /// <summary>As above.</summary>
    internal static UsageRecord Of(CallerName name, UsageCounts counts) => new(
        name.Provider, name.Subject, name.Plan, counts.Requests, counts.RateLimited, counts.QuotaExceeded, counts.ConcurrencyExceeded, counts.ReceivedBytes, counts.SentBytes);
}

using LoadBalancer.Limits;

namespace LoadBalancer.SharedLimits;

/// <summary>How long what is leased may be used: long enough to spare the store, short enough that what lies unused is little.</summary>
/// <remarks>What the lengths cost is in ADR 0024: a lease of a window counts for the length longer, a bucket holds back what it earns in the length.</remarks>
internal static class LeaseTerms
{
    private const int PartOfWindow = 32;
    private const int PartOfBurst = 8;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan OfQuota = TimeSpan.FromSeconds(10);

    // In less, the way to the store and back is too much of it.
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(10);

    /// <summary>The length for a rule; zero where it is not worth it, and the store is asked for each request.</summary>
    public static TimeSpan Of(LimitRule rule)
    {
        if (rule.Rate is not { } rate)
        {
            return OfQuota;
        }

        var length = rule.Burst > 0 ? rate.Window * ((double)rule.Burst / rate.Count / PartOfBurst) : rate.Window / PartOfWindow;
        return length < Shortest ? TimeSpan.Zero : length > Longest ? Longest : length;
    }
}

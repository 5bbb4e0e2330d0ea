using System.Globalization;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>A limit for the callers of one plan, as policies ask it. Immutable wiring, thread-safe.</summary>
internal sealed class LimitTier
{
    /// <summary>The limit <paramref name="limit"/>.</summary>
    /// <param name="limit">What counts.</param>
    /// <param name="key">Whom it counts.</param>
    /// <param name="counts">Where is counted what it says.</param>
    public LimitTier(KeyedLimit limit, CallerKey key, LimitCounts counts)
    {
        (Limit, Key, Counts) = (limit, key, counts);
        FieldName = Encoding.ASCII.GetBytes($"\"{limit.Spec.Name}\"");
        FieldPolicy = [.. FieldName, .. Encoding.ASCII.GetBytes(PolicyOf(limit.Spec.Rule))];
    }

    /// <summary>What counts.</summary>
    public KeyedLimit Limit { get; }

    /// <summary>Whom it counts.</summary>
    public CallerKey Key { get; }

    /// <summary>Where is counted what it says.</summary>
    public LimitCounts Counts { get; }

    /// <summary>Its name as the fields RateLimit and RateLimit-Policy have it: <c>"create-trip"</c>.</summary>
    public byte[] FieldName { get; }

    /// <summary>It as an item of RateLimit-Policy: <c>"create-trip";q=5;w=60</c>.</summary>
    public byte[] FieldPolicy { get; }

    // A bucket of B that is filled at a rate is told as B in the time in which it is filled; a month has no length.
    private static string PolicyOf(LimitRule rule)
    {
        var window = rule switch
        {
            { Quota.Period: QuotaPeriod.Day } => 24 * 60 * 60,
            { Rate: { } rate, Burst: > 0 and var burst } => (long)Math.Ceiling(burst * rate.Window.TotalSeconds / rate.Count),
            { Rate: { } rate } => (long)rate.Window.TotalSeconds,
            _ => 0,
        };
        return string.Create(CultureInfo.InvariantCulture, $";q={rule.Most}{(window > 0 ? $";w={window}" : "")}");
    }
}

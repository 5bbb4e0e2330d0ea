using LoadBalancer.Configuration;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>A tier of limits, over all routes: the file's <c>plans.NAME</c>.</summary>
internal sealed record PlanOptions : IConfigurable<PlanOptions>
{
    /// <inheritdoc/>
    public static Shape<PlanOptions> Shape { get; } = new(
        "plan", "A tier of limits. They count a caller's requests to all routes together.", "{rate: 100/s, burst: 200, quota: 50000/month, concurrency: 50}", () => new())
    {
        {
            "rate", Kinds.Rate.OrNothing("off"), o => o.Rate, (o, value) => o with { Rate = value },
            "Requests of one caller in any window of this length, wherever it begins; with `burst`, the rate that is sustained."
        },
        {
            "burst", Kinds.Integer(1, 1_000_000).OrNothing("off"), o => o.Burst, (o, value) => o with { Burst = value },
            "Requests that may come at once; then as many again as the rate has earned (a token bucket)."
        },
        {
            "quota", Kinds.List(Kinds.Quota).Or("off", []), o => o.Quota, (o, value) => o with { Quota = value },
            "Requests of one caller in a calendar day or month, in UTC; a list for one of each."
        },
        {
            "concurrency", Kinds.Integer(1, 1_000_000).OrNothing("off"), o => o.Concurrency, (o, value) => o with { Concurrency = value },
            "Requests of one caller that are under way at the same time, in this instance. A WebSocket is one for as long as it is open."
        },
        {
            "bandwidth", Kinds.Record<BandwidthOptions>().OrNull("off"), o => o.Bandwidth, (o, value) => o with { Bandwidth = value },
            "Bytes a second of one caller's bodies, over all routes."
        },
    };

    /// <summary>The rate; null for any.</summary>
    public Rate? Rate { get; init; }

    /// <summary>How many at once; null where the rate holds in any window.</summary>
    public int? Burst { get; init; }

    /// <summary>The quotas; empty for none.</summary>
    public ValueList<Quota> Quota { get; init; }

    /// <summary>How many at the same time; null for any number.</summary>
    public int? Concurrency { get; init; }

    /// <summary>How many bytes a second; null for any.</summary>
    public BandwidthOptions? Bandwidth { get; init; }
}

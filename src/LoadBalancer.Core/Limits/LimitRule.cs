using System.Globalization;
using LoadBalancer.Configuration;

namespace LoadBalancer.Limits;

/// <summary>How many a caller may do: a rate, with a burst or without, or a quota. Exactly one of the two is there.</summary>
internal sealed record LimitRule : IConfigurable<LimitRule>
{
    /// <inheritdoc/>
    public static Shape<LimitRule> Shape { get; } = new(
        "limit_rule", "How many a caller may: a rate, or a quota.", "{rate: 100/s, burst: 200}", () => new(), shortForm: "rate")
    {
        {
            "rate", Kinds.Rate.OrNothing("off"), o => o.Rate, (o, value) => o with { Rate = value },
            "Requests in any window of this length, wherever it begins; with `burst`, the rate that is sustained."
        },
        {
            "burst", Kinds.Integer(1, 1_000_000).Or("off", 0), o => o.Burst, (o, value) => o with { Burst = value },
            "Requests that may come at once; then as many again as the rate has earned (a token bucket)."
        },
        {
            "quota", Kinds.Quota.OrNothing("off"), o => o.Quota, (o, value) => o with { Quota = value },
            "Requests in a calendar day or month, in UTC, in place of a rate."
        },
    };

    /// <summary>The rate; null for a quota. Without <see cref="Burst"/> it holds in any window, wherever it begins.</summary>
    public Rate? Rate { get; init; }

    /// <summary>How many may come at once, where the rate is what is sustained (a token bucket); 0 for a sliding window.</summary>
    public int Burst { get; init; }

    /// <summary>The quota; null for a rate.</summary>
    public Quota? Quota { get; init; }

    /// <summary>The most that may be used at once: what is left of a limit of which nothing is used.</summary>
    public long Most => Quota?.Count ?? (Burst > 0 ? Burst : Rate!.Value.Count);

    /// <summary>The form of the file, and with a burst nearly so: <c>5/min</c>, <c>100/s burst 200</c>, <c>50000/month</c>.</summary>
    public override string ToString() =>
        Quota is { } quota ? Kinds.Quota.Print(quota)!
        : Rate is not { } rate ? "none"
        : Burst > 0 ? string.Create(CultureInfo.InvariantCulture, $"{Kinds.Rate.Print(rate)} burst {Burst}")
        : Kinds.Rate.Print(rate)!;
}

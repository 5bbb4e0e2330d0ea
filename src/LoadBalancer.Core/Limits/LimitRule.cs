using LoadBalancer.Configuration;

namespace LoadBalancer.Limits;

/// <summary>How many a caller may do: a rate, with a burst or without, or a quota. Exactly one of the two is there.</summary>
internal sealed record LimitRule
{
    /// <summary>The rate; null for a quota. Without <see cref="Burst"/> it holds in any window, wherever it begins.</summary>
    public Rate? Rate { get; init; }

    /// <summary>How many may come at once, where the rate is what is sustained (a token bucket); 0 for a sliding window.</summary>
    public int Burst { get; init; }

    /// <summary>The quota; null for a rate.</summary>
    public Quota? Quota { get; init; }

    /// <summary>The most that may be used at once: what is left of a limit of which nothing is used.</summary>
    public long Most => Quota?.Count ?? (Burst > 0 ? Burst : Rate!.Value.Count);
}

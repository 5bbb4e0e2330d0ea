using LoadBalancer.Configuration;

namespace LoadBalancer.Health;

/// <summary>How an upstream's endpoints are judged: the file's <c>health</c>.</summary>
public sealed record HealthOptions : IConfigurable<HealthOptions>
{
    /// <inheritdoc/>
    public static Shape<HealthOptions> Shape { get; } = new(
        "health", "How endpoints are judged.", "{active: {interval: 2s}, passive: off, panic: 50%}", () => new())
    {
        {
            "active", Kinds.Record<ActiveHealthOptions>().OrNull("off"), o => o.Active, (o, value) => o with { Active = value },
            "We probe; `off` means no probes, `{}` probes with the defaults."
        },
        {
            "passive", Kinds.Record<PassiveHealthOptions>().OrNull("off"), o => o.Passive, (o, value) => o with { Passive = value },
            "We watch the traffic; on unless it is `off`."
        },
        {
            "panic", Kinds.Percent("0%", "100%").Or("off", 0), o => o.Panic, (o, value) => o with { Panic = value },
            "Below this share of endpoints that pass their probes, probes are not believed and all endpoints are used. Backups do not count while an endpoint that " +
            "is none is healthy. `off`, or `0%`: never; say so where a probe chooses a role, such as a primary among replicas."
        },
    };

    /// <summary>Probing; null is off.</summary>
    public ActiveHealthOptions? Active { get; init; }

    /// <summary>Watching traffic; null is off.</summary>
    public PassiveHealthOptions? Passive { get; init; } = new();

    /// <summary>Below this share of healthy endpoints all are used, 0 to 1; 0 is never.</summary>
    public double Panic { get; init; } = 0.5;
}

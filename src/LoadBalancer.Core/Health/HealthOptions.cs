using LoadBalancer.Configuration;

namespace LoadBalancer.Health;

/// <summary>How an upstream's endpoints are judged: the file's <c>health</c>.</summary>
public sealed record HealthOptions : IConfigurable<HealthOptions>
{
    /// <inheritdoc/>
    public static Shape<HealthOptions> Shape { get; } = new(
        "health", "How endpoints are judged.", "{active: {interval: 2s}, passive: off}", () => new())
    {
        {
            "active", Kinds.Record(ActiveHealthOptions.Shape).OrNull("off"), o => o.Active, (o, value) => o with { Active = value },
            "We probe; `off` means no probes, `{}` probes with the defaults."
        },
        {
            "passive", Kinds.Record(PassiveHealthOptions.Shape).OrNull("off"), o => o.Passive, (o, value) => o with { Passive = value },
            "We watch the traffic; on unless it is `off`."
        },
    };

    /// <summary>Probing; null is off.</summary>
    public ActiveHealthOptions? Active { get; init; }

    /// <summary>Watching traffic; null is off.</summary>
    public PassiveHealthOptions? Passive { get; init; } = new();
}

using LoadBalancer.Configuration;

namespace LoadBalancer.Health;

/// <summary>When watched traffic ejects an endpoint: the file's <c>health.passive</c>.</summary>
public sealed record PassiveHealthOptions : IConfigurable<PassiveHealthOptions>
{
    /// <inheritdoc/>
    public static Shape<PassiveHealthOptions> Shape { get; } = new(
        "passive_health", "When watched traffic takes an endpoint out for a while.", "{failures: 5, within: 30s, eject_for: 30s, max_ejected: 50%}", () => new())
    {
        {
            "failures", Kinds.Integer(1, 10_000), o => o.Failures, (o, value) => o with { Failures = value },
            "Failures within the window that eject."
        },
        {
            "within", Kinds.Duration("100ms", "1h"), o => o.Within, (o, value) => o with { Within = value },
            "The window in which failures are counted."
        },
        {
            "eject_for", Kinds.Duration("100ms", "1d"), o => o.EjectFor, (o, value) => o with { EjectFor = value },
            "How long an ejected endpoint gets no new connection."
        },
        {
            "max_ejected", Kinds.Percent("0%", "100%"), o => o.MaxEjected, (o, value) => o with { MaxEjected = value },
            "At most this share of the endpoints is ejected at once, and never the last."
        },
    };

    /// <summary>Failures within <see cref="Within"/> that eject.</summary>
    public int Failures { get; init; } = 5;

    /// <summary>The window in which failures are counted.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an ejected endpoint gets no new connection.</summary>
    public TimeSpan EjectFor { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>At most this share of an upstream's endpoints is ejected at once, and never the last; 0 to 1.</summary>
    public double MaxEjected { get; init; } = 0.5;
}

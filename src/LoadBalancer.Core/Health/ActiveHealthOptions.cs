using LoadBalancer.Configuration;

namespace LoadBalancer.Health;

/// <summary>How endpoints are probed: the file's <c>health.active</c>.</summary>
public sealed record ActiveHealthOptions : IConfigurable<ActiveHealthOptions>
{
    /// <inheritdoc/>
    public static Shape<ActiveHealthOptions> Shape { get; } = new(
        "active_health", "Probes that ask every endpoint whether it is well.", "{type: tcp, interval: 5s, timeout: 2s}", () => new())
    {
        {
            "type", Kinds.Word(ProbeCatalog.Names), o => o.Type, (o, value) => o with { Type = value },
            "What a probe does. `tcp`: a connect is the answer."
        },
        {
            "interval", Kinds.Duration("100ms", "1h"), o => o.Interval, (o, value) => o with { Interval = value },
            "From the start of one probe to the start of the next."
        },
        {
            "timeout", Kinds.Duration("10ms", "1m"), o => o.Timeout, (o, value) => o with { Timeout = value },
            "A probe without an answer for this long has failed."
        },
        {
            "healthy_after", Kinds.Integer(1, 100), o => o.HealthyAfter, (o, value) => o with { HealthyAfter = value },
            "Successes in a row that make an unhealthy endpoint healthy."
        },
        {
            "unhealthy_after", Kinds.Integer(1, 100), o => o.UnhealthyAfter, (o, value) => o with { UnhealthyAfter = value },
            "Failures in a row that make a healthy endpoint unhealthy."
        },
        {
            "jitter", Kinds.Percent("0%", "100%"), o => o.Jitter, (o, value) => o with { Jitter = value },
            "Each interval is drawn from ± this share of itself, so that instances do not probe in step."
        },
    };

    /// <summary>The probe's name in the catalogue of probes.</summary>
    public string Type { get; init; } = "tcp";

    /// <summary>From the start of one probe to the start of the next.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A probe without an answer for this long has failed.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Successes in a row that make an unhealthy endpoint healthy.</summary>
    public int HealthyAfter { get; init; } = 2;

    /// <summary>Failures in a row that make a healthy endpoint unhealthy.</summary>
    public int UnhealthyAfter { get; init; } = 3;

    /// <summary>Each interval is drawn from ± this share of itself, so that instances do not probe in step; 0 to 1.</summary>
    public double Jitter { get; init; } = 0.1;
}

namespace LoadBalancer.Health;

/// <summary>How endpoints are probed: the file's <c>health.active</c>.</summary>
public sealed record ActiveHealthOptions
{
    /// <summary>The probe's name in the catalogue of probes; default <c>tcp</c>: a connect is the answer.</summary>
    public string Type { get; init; } = "tcp";

    /// <summary>From the start of one probe to the start of the next; default 5 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A probe without an answer for this long has failed; default 2 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Successes in a row that make an unhealthy endpoint healthy; default 2.</summary>
    public int HealthyAfter { get; init; } = 2;

    /// <summary>Failures in a row that make a healthy endpoint unhealthy; default 3.</summary>
    public int UnhealthyAfter { get; init; } = 3;

    /// <summary>Each interval is drawn from ± this share of itself, so that instances do not probe in step; 0 to 1, default 0.1.</summary>
    public double Jitter { get; init; } = 0.1;
}

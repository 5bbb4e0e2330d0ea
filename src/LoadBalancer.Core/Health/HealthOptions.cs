namespace LoadBalancer.Health;

/// <summary>How an upstream's endpoints are judged: the file's <c>health</c>.</summary>
public sealed record HealthOptions
{
    /// <summary>Probing; null is off, the default.</summary>
    public ActiveHealthOptions? Active { get; init; }

    /// <summary>Watching traffic; null is off. On by default.</summary>
    public PassiveHealthOptions? Passive { get; init; } = new();
}

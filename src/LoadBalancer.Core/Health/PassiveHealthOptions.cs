namespace LoadBalancer.Health;

/// <summary>When watched traffic ejects an endpoint: the file's <c>health.passive</c>.</summary>
public sealed record PassiveHealthOptions
{
    /// <summary>Failures within <see cref="Within"/> that eject; default 5.</summary>
    public int Failures { get; init; } = 5;

    /// <summary>The window in which failures are counted; default 30 s.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an ejected endpoint gets no new connection; default 30 s.</summary>
    public TimeSpan EjectFor { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>At most this share of an upstream's endpoints is ejected at once, and never the last; 0 to 1, default 0.5.</summary>
    public double MaxEjected { get; init; } = 0.5;
}

using LoadBalancer.Configuration;

namespace LoadBalancer.Upstreams;

/// <summary>When an upstream is left alone for a while: the file's <c>circuit_breaker</c>.</summary>
public sealed record CircuitBreakerOptions : IConfigurable<CircuitBreakerOptions>
{
    /// <inheritdoc/>
    public static Shape<CircuitBreakerOptions> Shape { get; } = new(
        "circuit_breaker", "When an upstream that fails as a whole is left alone for a while.", "{failure_ratio: 50%, minimum: 20, within: 10s, open_for: 15s, probes: 3}", () => new())
    {
        {
            "failure_ratio", Kinds.Percent("1%", "100%"), o => o.FailureRatio, (o, value) => o with { FailureRatio = value },
            "The circuit opens where this share of the attempts within the window failed: a connect, a time-out, a broken connection, or an answer of 502, 503 or 504."
        },
        {
            "minimum", Kinds.Integer(1, 1_000_000), o => o.Minimum, (o, value) => o with { Minimum = value },
            "Attempts that the window has to have before it is judged."
        },
        {
            "within", Kinds.Duration("100ms", "1h"), o => o.Within, (o, value) => o with { Within = value },
            "The window in which attempts are counted."
        },
        {
            "open_for", Kinds.Duration("100ms", "1h"), o => o.OpenFor, (o, value) => o with { OpenFor = value },
            "For how long everything is refused once it is open: on http with 503 and `Retry-After`, on tcp by a reset. Then a few attempts try it."
        },
        {
            "probes", Kinds.Integer(1, 1000), o => o.Probes, (o, value) => o with { Probes = value },
            "How many attempts try it then. The circuit closes when all of them have succeeded, and opens again when one fails."
        },
    };

    /// <summary>The share of failures that opens, above 0, up to 1.</summary>
    public double FailureRatio { get; init; } = 0.5;

    /// <summary>Attempts within <see cref="Within"/> before it is judged.</summary>
    public int Minimum { get; init; } = 20;

    /// <summary>The window in which attempts are counted.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long it is open before it is tried.</summary>
    public TimeSpan OpenFor { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How many attempts try it; all of them have to succeed.</summary>
    public int Probes { get; init; } = 3;
}

using LoadBalancer.Configuration;

namespace LoadBalancer.Health;

/// <summary>When watched traffic ejects an endpoint: the file's <c>health.passive</c>.</summary>
public sealed record PassiveHealthOptions : IConfigurable<PassiveHealthOptions>
{
    /// <inheritdoc/>
    public static Shape<PassiveHealthOptions> Shape { get; } = new(
        "passive_health", "When watched traffic takes an endpoint out for a while.", "{failures: 5, consecutive: 10, failure_ratio: 50%, slower_than: 300%, within: 30s, eject_for: 30s, max_ejected: 50%}", () => new())
    {
        {
            "failures", Kinds.Integer(1, 10_000), o => o.Failures, (o, value) => o with { Failures = value },
            "Connections within the window that were not taken, broken off or closed at once: so many eject."
        },
        {
            "consecutive", Kinds.Integer(1, 10_000).OrNothing("off"), o => o.Consecutive, (o, value) => o with { Consecutive = value },
            "So many attempts in a row that failed eject. Here and in `failure_ratio` time-outs count too, and answers of 502, 503 and 504; not 500, and nothing that a client does. " +
            "In a row counts also an attempt that had said nothing when a hedge beside it was answered."
        },
        {
            "failure_ratio", Kinds.Percent("1%", "100%").OrNothing("off"), o => o.FailureRatio, (o, value) => o with { FailureRatio = value },
            "This share of the attempts within the window ejects, of at least `minimum`."
        },
        {
            "slower_than", Kinds.Percent("110%", "9999%").OrNothing("off"), o => o.SlowerThan, (o, value) => o with { SlowerThan = value },
            "An endpoint whose median time exceeds this share of the median among all is ejected: on http the time to the first byte, or that until a hedge was answered first, on tcp that of the connect. It takes `minimum` answers " +
            "within the window, two others to compare with, and 10 ms more than they take."
        },
        {
            "minimum", Kinds.Integer(1, 1_000_000), o => o.Minimum, (o, value) => o with { Minimum = value },
            "Attempts within the window without which `failure_ratio` and `slower_than` do not judge an endpoint."
        },
        {
            "within", Kinds.Duration("100ms", "1h"), o => o.Within, (o, value) => o with { Within = value },
            "The window in which failures, shares and times are counted."
        },
        {
            "eject_for", Kinds.Duration("100ms", "1d"), o => o.EjectFor, (o, value) => o with { EjectFor = value },
            "How long an ejected endpoint gets no new connection."
        },
        {
            "max_ejected", Kinds.Percent("0%", "100%"), o => o.MaxEjected, (o, value) => o with { MaxEjected = value },
            "At most this share of the endpoints is ejected at once, rounded down, and never the last. Those that get nothing anyway, by `weight: 0` or drained, are none of them. " +
            "Where the others become fewer, those that are out longest come back."
        },
    };

    /// <summary>Failures within <see cref="Within"/> that eject.</summary>
    public int Failures { get; init; } = 5;

    /// <summary>Failures in a row that eject, with no answer between them; null is off.</summary>
    public int? Consecutive { get; init; } = 10;

    /// <summary>The share of failures within <see cref="Within"/> that ejects, above 0, up to 1; null is off.</summary>
    public double? FailureRatio { get; init; }

    /// <summary>An endpoint is too slow above this many times the median of all, above 1; null is off.</summary>
    public double? SlowerThan { get; init; }

    /// <summary>Attempts within <see cref="Within"/> without which shares and times judge nobody.</summary>
    public int Minimum { get; init; } = 20;

    /// <summary>True where endpoints are judged by numbers that are read at times.</summary>
    internal bool IsReading => FailureRatio is not null || SlowerThan is not null;

    /// <summary>The window in which failures are counted.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an ejected endpoint gets no new connection.</summary>
    public TimeSpan EjectFor { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>At most this share of an upstream's endpoints with a weight, and not drained, is ejected at once, and never the last; 0 to 1.</summary>
    public double MaxEjected { get; init; } = 0.5;
}

using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>When a reload is taken back because requests fare worse than before: the file's <c>reload.guard</c>.</summary>
public sealed record GuardOptions : IConfigurable<GuardOptions>
{
    /// <inheritdoc/>
    public static Shape<GuardOptions> Shape { get; } = new(
        "guard", "When a reload is taken back. Each route is compared with itself in the five minutes before, from 200 requests on, where the difference is no chance.",
        "{for: 60s, max_error_increase: 2%}", () => new(), shortForm: "for")
    {
        {
            "for", Kinds.Duration("5s", "1h"), o => o.For, (o, value) => o with { For = value },
            "How long requests are watched after a reload."
        },
        {
            "max_error_increase", Kinds.Percent("0%", "100%"), o => o.MaxErrorIncrease, (o, value) => o with { MaxErrorIncrease = value },
            "How many percentage points more of a route's requests may end with a status of 5xx, or with 401, 403, 404 or 429, each for itself; calls of gRPC with what their status stands for. " +
            "Those four are not looked at where the new file changes what the route matches or whom it lets in, `auth` and `require` included."
        },
        {
            "max_latency_increase", Kinds.Percent("0%", "9999%").Or("off", double.PositiveInfinity), o => o.MaxLatencyIncrease, (o, value) => o with { MaxLatencyIncrease = value },
            "By how much the time may grow in which 99 of 100 of a route's requests end; up to 10 ms more is never too much. It is measured in steps of a fifth: what is two steps above is found for certain. " +
            "`off`: by any."
        },
    };

    /// <summary>How long requests are watched.</summary>
    public TimeSpan For { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>In percentage points of a route's requests, 0 to 1.</summary>
    public double MaxErrorIncrease { get; init; } = 0.02;

    /// <summary>Of the 99th percentile, 1 for twice the time; infinity is off.</summary>
    public double MaxLatencyIncrease { get; init; } = 1;
}

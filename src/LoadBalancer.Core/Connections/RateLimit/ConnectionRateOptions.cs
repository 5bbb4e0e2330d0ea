using LoadBalancer.Configuration;

namespace LoadBalancer.Connections.RateLimit;

/// <summary>How fast one client may connect: the file's <c>listeners.NAME.connection_rate</c>.</summary>
/// <param name="Rate">The rate.</param>
/// <param name="Burst">How many at once on top of it; null where the rate holds in any window.</param>
public sealed record ConnectionRateOptions(Rate Rate, int? Burst = null) : IConfigurable<ConnectionRateOptions>
{
    /// <inheritdoc/>
    public static Shape<ConnectionRateOptions> Shape { get; } = new(
        "connection_rate", "How fast one client may connect.", "{rate: 50/s, burst: 200}", () => new(default(Rate)), shortForm: "rate")
    {
        {
            "rate", Kinds.Rate, o => o.Rate, (o, value) => o with { Rate = value },
            "Connections in any window of this length, wherever it begins; with `burst`, the rate that is sustained.", Presence.Required
        },
        {
            "burst", Kinds.Integer(1, 1_000_000).OrNothing("off"), o => o.Burst, (o, value) => o with { Burst = value },
            "Connections that may come at once; then as many again as the rate has earned (a token bucket)."
        },
    };
}

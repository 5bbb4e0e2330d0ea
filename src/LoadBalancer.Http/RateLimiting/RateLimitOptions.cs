using LoadBalancer.Configuration;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>A limit that routes name: the file's <c>rate_limits.NAME</c>.</summary>
internal sealed record RateLimitOptions : IConfigurable<RateLimitOptions>
{
    /// <inheritdoc/>
    public static Shape<RateLimitOptions> Shape { get; } = new(
        "rate_limit", "A limit that routes name in their `rate_limit`.", "{limit: 5/min}", () => new())
    {
        {
            "limit", Kinds.Rate, o => o.Limit, (o, value) => o with { Limit = value },
            "How many.", Presence.Required
        },
    };

    /// <summary>How many.</summary>
    public Rate Limit { get; init; }
}

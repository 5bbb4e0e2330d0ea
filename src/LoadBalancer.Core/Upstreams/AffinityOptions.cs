using LoadBalancer.Configuration;

namespace LoadBalancer.Upstreams;

/// <summary>A cookie that keeps a client with its endpoint: the file's <c>upstreams.NAME.affinity</c>.</summary>
public sealed record AffinityOptions : IConfigurable<AffinityOptions>
{
    /// <inheritdoc/>
    public static Shape<AffinityOptions> Shape { get; } = new(
        "affinity", "A cookie that keeps a client with its endpoint while that one is available. On http only.", "{cookie: lb, ttl: 1h}", () => new(), shortForm: "cookie")
    {
        {
            "cookie", Kinds.Token("the name of a cookie", "lb"), o => o.Cookie, (o, value) => o with { Cookie = value },
            "The cookie's name. Its value tells nothing of the endpoint's address.", Presence.Required
        },
        {
            "ttl", Kinds.Duration("1s", "365d").OrNothing("session"), o => o.Ttl, (o, value) => o with { Ttl = value },
            "For how long the browser keeps it; `session`: until it is closed."
        },
    };

    /// <summary>The cookie's name.</summary>
    public string Cookie { get; init; } = "";

    /// <summary>For how long the browser keeps it; null until it is closed.</summary>
    public TimeSpan? Ttl { get; init; }
}

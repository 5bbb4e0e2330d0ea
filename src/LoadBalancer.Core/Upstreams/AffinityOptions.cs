using LoadBalancer.Configuration;

namespace LoadBalancer.Upstreams;

/// <summary>A cookie that keeps a client at the endpoint that it met first: the file's <c>upstreams.NAME.affinity</c>. HTTP only.</summary>
public sealed record AffinityOptions : IConfigurable<AffinityOptions>
{
    /// <inheritdoc/>
    public static Shape<AffinityOptions> Shape { get; } = new(
        "affinity", "A cookie that keeps a client at the endpoint that it met first, as long as that one may be picked.", "{cookie: lb, ttl: 1h}", () => new(), shortForm: "cookie")
    {
        {
            "cookie", Kinds.Token("the name of a cookie", "lb"), o => o.Cookie, (o, value) => o with { Cookie = value },
            "The cookie's name.", Presence.Required
        },
        {
            "ttl", Kinds.Duration("1s", "365d").OrNothing("session"), o => o.Ttl, (o, value) => o with { Ttl = value },
            "For how long a browser keeps it; `session`: until it is closed."
        },
    };

    /// <summary>The cookie's name.</summary>
    public string Cookie { get; init; } = "";

    /// <summary>How long a browser keeps it; null is until it is closed.</summary>
    public TimeSpan? Ttl { get; init; }
}

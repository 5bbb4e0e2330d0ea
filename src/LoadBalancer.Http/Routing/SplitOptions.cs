using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Routing;

/// <summary>Several upstreams that share a route's requests: the file's <c>split</c>.</summary>
internal sealed record SplitOptions : IConfigurable<SplitOptions>
{
    /// <inheritdoc/>
    public static Shape<SplitOptions> Shape { get; } = new(
        "split", "Several upstreams that share a route's requests.", "{to: {orders-v1: 90%, orders-v2: 10%}, sticky: version}", () => new())
    {
        {
            "to", Kinds.ByName("the name of an upstream", "orders-v1", Kinds.Percent("0%", "100%")), o => o.To, (o, value) => o with { To = value },
            "The share of each upstream. Together they are 100%.", Presence.Required
        },
        {
            "sticky", Kinds.Token("the name of a cookie", "version").OrNull("none"), o => o.Sticky, (o, value) => o with { Sticky = value },
            "A cookie that keeps a client with the upstream that it met first; set where the client has none."
        },
    };

    /// <summary>Shares by the name of an upstream, 0 to 1; together 1.</summary>
    public ValueMap<double> To { get; init; } = ValueMap<double>.Empty;

    /// <summary>The cookie that keeps a client with its upstream; null for none.</summary>
    public string? Sticky { get; init; }
}

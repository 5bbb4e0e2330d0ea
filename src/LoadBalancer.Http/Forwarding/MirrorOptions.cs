using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Forwarding;

/// <summary>An upstream that gets a copy of a route's requests, whose answers nobody sees: the file's <c>mirror</c>.</summary>
internal sealed record MirrorOptions : IConfigurable<MirrorOptions>
{
    /// <inheritdoc/>
    public static Shape<MirrorOptions> Shape { get; } = new(
        "mirror", "An upstream that gets a copy of a route's requests. Its answers are thrown away, and it delays nobody.",
        "{upstream: next, percent: 5%}", () => new(), shortForm: "upstream")
    {
        {
            "upstream", Kinds.Name("the name of an upstream"), o => o.Upstream, (o, value) => o with { Upstream = value },
            "The upstream that gets the copies.", Presence.Required
        },
        {
            "percent", Kinds.Percent("0%", "100%"), o => o.Percent, (o, value) => o with { Percent = value },
            "The share of the requests that are copied."
        },
    };

    /// <summary>The name of the upstream that gets the copies.</summary>
    public string Upstream { get; init; } = "";

    /// <summary>The share of the requests that are copied, 0 to 1.</summary>
    public double Percent { get; init; } = 1;
}

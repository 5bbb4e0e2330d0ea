using LoadBalancer.Configuration;

namespace LoadBalancer.Tcp;

/// <summary>Where a TCP listener leads: the file's <c>listeners.NAME.tcp</c>.</summary>
/// <param name="Upstream">The name of the upstream that takes its connections.</param>
public sealed record TcpOptions(string Upstream) : IConfigurable<TcpOptions>
{
    /// <inheritdoc/>
    public static Shape<TcpOptions> Shape { get; } = new(
        "tcp", "Layer 4: bytes are passed on as they are.", "{upstream: orders}", () => new(""), shortForm: "upstream")
    {
        {
            "upstream", Kinds.Name("the name of an upstream"), o => o.Upstream, (o, value) => o with { Upstream = value },
            "The upstream that takes the connections.", Presence.Required
        },
    };
}

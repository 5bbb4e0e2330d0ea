using LoadBalancer.Configuration;

namespace LoadBalancer.Tcp;

/// <summary>Where a TCP listener leads: the file's <c>listeners.NAME.tcp</c>, with either <c>upstream</c> or <c>sni</c>.</summary>
/// <param name="Upstream">The name of the upstream that takes all its connections; null where server names decide.</param>
public sealed record TcpOptions(string? Upstream) : IConfigurable<TcpOptions>
{
    /// <inheritdoc/>
    public static Shape<TcpOptions> Shape { get; } = new(
        "tcp", "Layer 4: bytes are passed on as they are. It has either `upstream` or `sni`.", "{upstream: orders}", () => new((string?)null), shortForm: "upstream")
    {
        {
            "upstream", Kinds.Name("the name of an upstream"), o => o.Upstream!, (o, value) => o with { Upstream = value },
            "The upstream that takes the connections."
        },
        {
            "sni", Kinds.ByHost(Kinds.Name("the name of an upstream")), o => o.Sni, (o, value) => o with { Sni = value },
            "TLS passthrough: the upstream by the server name that the client asks for, without decrypting. A name is exact or `\"*.example.org\"`, " +
            "which stands for one or more labels before `example.org`; the exact name wins, then the longest wildcard."
        },
        {
            "otherwise", Kinds.Name("the name of an upstream").OrNull("close"), o => o.Otherwise, (o, value) => o with { Otherwise = value },
            "With `sni`: who takes the connections that ask for another name or for none, and those that are not TLS. `close` closes them, " +
            "those of TLS with the alert unrecognized_name."
        },
    };

    /// <summary>Names of upstreams by server name: lower case, exact or with a wildcard; empty where <see cref="Upstream"/> takes all.</summary>
    public ValueMap<string> Sni { get; init; } = ValueMap<string>.Empty;

    /// <summary>With <see cref="Sni"/>: the name of the upstream that takes the rest; null closes them.</summary>
    public string? Otherwise { get; init; }
}

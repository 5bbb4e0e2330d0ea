using LoadBalancer.Configuration;

namespace LoadBalancer.Upstreams;

/// <summary>What <c>balance: hash</c> hashes, and how far it follows: the file's <c>upstreams.NAME.hash</c>.</summary>
public sealed record HashOptions : IConfigurable<HashOptions>
{
    /// <inheritdoc/>
    public static Shape<HashOptions> Shape { get; } = new(
        "hash", "What `balance: hash` hashes, so that equal clients meet the same endpoint.", "{on: client_ip, max_load: 125%}", () => new())
    {
        {
            "on", HashSource.Kind, o => o.On, (o, value) => o with { On = value },
            "The source of the hash. `client_ip`: the client's address. On http also `path`, `header:NAME`, `cookie:NAME` or `claim:NAME`, a claim of the caller's identity; a request without that field, cookie or claim goes by the client's address."
        },
        {
            "max_load", Kinds.Percent("100%", "1000%").OrNothing("off"), o => o.MaxLoad, (o, value) => o with { MaxLoad = value },
            "No endpoint gets more open connections than this share of the mean for its weight; a client beyond that moves on to another endpoint, " +
            "the same each time. `off` keeps clients where they are, whatever the load."
        },
    };

    /// <summary>The source of the hash.</summary>
    public HashSource On { get; init; } = HashSource.ClientIp;

    /// <summary>The bound on an endpoint's open connections, as a factor of the mean for its weight, 1 to 10; null is none.</summary>
    public double? MaxLoad { get; init; }
}

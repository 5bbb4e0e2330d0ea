using LoadBalancer.Configuration;

namespace LoadBalancer.Upstreams;

/// <summary>What <c>balance: hash</c> hashes: the file's <c>upstreams.NAME.hash</c>.</summary>
/// <param name="On">The source of the hash.</param>
internal sealed record HashOptions(string On) : IConfigurable<HashOptions>
{
    /// <inheritdoc/>
    public static Shape<HashOptions> Shape { get; } = new(
        "hash", "What `balance: hash` hashes, so that equal clients meet the same endpoint.", "{on: client_ip}", () => new(new UpstreamOptions().HashOn))
    {
        {
            "on", Kinds.Word("client_ip"), o => o.On, (o, value) => o with { On = value },
            "The source of the hash. `client_ip`: the client's address."
        },
    };
}

using LoadBalancer.Peers.Contenders;

namespace LoadBalancer.Peers.Scenarios;

/// <summary>Something that every contender does in every round, and the unit that its cost is stated in.</summary>
internal abstract record Scenario(string Name, string Title, string Unit)
{
    /// <summary>What the contenders are started for.</summary>
    public Service Service { get; init; } = Service.Tcp;

    /// <summary>What the load process speaks, in its words.</summary>
    public string Protocol => Service switch
    {
        Service.Tcp => "tcp",
        Service.Tls => "tcp+tls",
        Service.Https => "http+tls",
        Service.Http2 => "http2",
        _ => "http",
    };
}

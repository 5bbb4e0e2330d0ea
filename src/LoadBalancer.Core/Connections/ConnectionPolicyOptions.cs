using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Connections.RateLimit;

namespace LoadBalancer.Connections;

/// <summary>What a listener's keys say of its connection policies; equal options make the same chain. Default: no policy.</summary>
public sealed record ConnectionPolicyOptions
{
    /// <summary>No policy at all.</summary>
    public static ConnectionPolicyOptions None { get; } = new();

    /// <summary>The networks whose PROXY header is believed, and wanted; empty where none is.</summary>
    public ValueList<IPNetwork> AcceptProxyProtocol { get; init; }

    /// <summary>How long a PROXY header may take, where one is wanted.</summary>
    public TimeSpan PreambleTimeout { get; init; }

    /// <summary>The networks whose clients may connect; empty for all.</summary>
    public ValueList<IPNetwork> AllowIps { get; init; }

    /// <summary>The networks whose clients may not connect, allowed or not.</summary>
    public ValueList<IPNetwork> DenyIps { get; init; }

    /// <summary>Connections that one client may have at once, 1 or more; null for no bound.</summary>
    public int? MaxConnectionsPerClient { get; init; }

    /// <summary>How fast one client may connect; null for no bound.</summary>
    public ConnectionRateOptions? ConnectionRate { get; init; }
}

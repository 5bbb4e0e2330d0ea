using LoadBalancer.Configuration;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>A whole lb.yaml as it was written, includes and defaults merged, every name checked.</summary>
public sealed record GatewayOptions
{
    /// <summary>Listeners by name.</summary>
    public ValueMap<ListenerOptions> Listeners { get; init; } = ValueMap<ListenerOptions>.Empty;

    /// <summary>Upstreams by name.</summary>
    public ValueMap<UpstreamOptions> Upstreams { get; init; } = ValueMap<UpstreamOptions>.Empty;

    /// <summary>The operator's listener.</summary>
    public AdminOptions Admin { get; init; } = new();

    /// <summary>What is logged and where.</summary>
    public LogOptions Log { get; init; } = new();

    /// <summary>The engine.</summary>
    public TransportOptions Transport { get; init; } = new();

    /// <summary>When the file is read again.</summary>
    public ReloadOptions Reload { get; init; } = new();

    /// <summary>How the process ends.</summary>
    public ShutdownOptions Shutdown { get; init; } = new();
}

using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Listening;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.SharedLimits;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>All runtime objects of one configuration version. Immutable; the objects in it live.</summary>
internal sealed record Snapshot
{
    /// <summary>The snapshot before the first configuration.</summary>
    public static Snapshot Empty { get; } = new();

    /// <summary>1 for the first configuration of the process, one more for each reload that took effect.</summary>
    public int Version { get; init; }

    /// <summary>What was written.</summary>
    public GatewayOptions Options { get; init; } = new();

    /// <summary>Where it comes from.</summary>
    public ConfigOrigin Origin { get; init; }

    /// <summary>Why the guard brought it back; null where it did not.</summary>
    public GuardFinding? Because { get; init; }

    /// <summary>The files that it was written in; full paths.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>A digest of the files' content: two instances with the same configuration show the same.</summary>
    public string Digest { get; init; } = "";

    /// <summary>When it took effect.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>Upstreams by name.</summary>
    public IReadOnlyDictionary<string, Upstream> Upstreams { get; init; } = new Dictionary<string, Upstream>();

    /// <summary>Who can establish who calls.</summary>
    public ProviderSet Providers { get; init; } = ProviderSet.Empty;

    /// <summary>The limits.</summary>
    public LimitSet Limits { get; init; } = LimitSet.Empty;

    /// <summary>Where instances count together; null for nowhere.</summary>
    public RedisLimitStore? Store { get; init; }

    /// <summary>Where routes keep answers; null where none does.</summary>
    public CacheStore? Cache { get; init; }

    /// <summary>Listeners by name.</summary>
    public IReadOnlyDictionary<string, Listener> Listeners { get; init; } = new Dictionary<string, Listener>();
}

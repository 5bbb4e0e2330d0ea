namespace LoadBalancer.Configuration;

/// <summary>The words of keys that name an implementation.</summary>
public static class KnownNames
{
    /// <summary>What <c>balance</c> may be.</summary>
    public static IReadOnlyList<string> Balancers { get; } = ["round_robin", "least_connections", "hash"];

    /// <summary>What <c>health.active.type</c> may be.</summary>
    public static IReadOnlyList<string> Probes { get; } = ["tcp"];
}

using LoadBalancer.SharedLimits;

namespace LoadBalancer.Daemon.Status;

/// <summary>What this process leases from a limit that instances share.</summary>
/// <param name="Leases">How many leases it was granted.</param>
/// <param name="Leased">How many requests they were for.</param>
/// <param name="Returned">How many of those came back unused, or because another limit refused.</param>
/// <param name="Held">How many are leased now and not used: what other instances cannot have.</param>
internal sealed record LeaseStatus(long Leases, long Leased, long Returned, long Held)
{
    /// <summary>Of a limit as of now.</summary>
    public static LeaseStatus Of(LeasedLimit limit) => new(limit.Leases, limit.Leased, limit.Returned, limit.Held);
}

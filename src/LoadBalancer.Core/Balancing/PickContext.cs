using LoadBalancer.Endpoints;

namespace LoadBalancer.Balancing;

/// <summary>What a pick may know of the connection or request: nothing of its protocol, so that TCP and HTTP share every balancer.</summary>
/// <param name="hashKey">What the hash balancer spreads by, uniform over 64 bits: see <see cref="Balancing.HashKey"/>.</param>
/// <param name="tried">The endpoints that failed this one already. Few: they are searched one by one.</param>
/// <param name="cap">The most open leases that an endpoint may have; <see cref="NoCap"/> is any number.</param>
public readonly ref struct PickContext(ulong hashKey, ReadOnlySpan<Endpoint> tried = default, int cap = PickContext.NoCap)
{
    /// <summary>The cap of an upstream that has none.</summary>
    public const int NoCap = int.MaxValue;

    /// <summary>What the hash balancer spreads by, uniform over 64 bits.</summary>
    public ulong HashKey { get; } = hashKey;

    /// <summary>The endpoints that are not to be picked again.</summary>
    public ReadOnlySpan<Endpoint> Tried { get; } = tried;

    /// <summary>The most open leases that an endpoint may have.</summary>
    public int Cap { get; } = cap;

    /// <summary>True where <paramref name="endpoint"/> is not to be picked: it was tried, or is at the cap.</summary>
    public bool Refuses(Endpoint endpoint)
    {
        if (Cap != NoCap && endpoint.Load.Active >= Cap)
        {
            return true;
        }

        foreach (var tried in Tried)
        {
            if (ReferenceEquals(tried, endpoint))
            {
                return true;
            }
        }

        return false;
    }
}

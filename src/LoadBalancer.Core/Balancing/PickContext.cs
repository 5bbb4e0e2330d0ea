using LoadBalancer.Endpoints;

namespace LoadBalancer.Balancing;

/// <summary>What a pick may know of the connection or request: nothing of its protocol, so that TCP and HTTP share every balancer.</summary>
/// <param name="hashKey">What the hash balancer spreads by, uniform over 64 bits: see <see cref="Balancing.HashKey"/>.</param>
/// <param name="tried">The endpoints that failed this one already. Few: they are searched one by one.</param>
public readonly ref struct PickContext(ulong hashKey, ReadOnlySpan<Endpoint> tried = default)
{
    /// <summary>What the hash balancer spreads by, uniform over 64 bits.</summary>
    public ulong HashKey { get; } = hashKey;

    /// <summary>The endpoints that are not to be picked again.</summary>
    public ReadOnlySpan<Endpoint> Tried { get; } = tried;

    /// <summary>True where <paramref name="endpoint"/> was tried.</summary>
    public bool HasTried(Endpoint endpoint)
    {
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

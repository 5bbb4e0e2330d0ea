using LoadBalancer.Connections.ClientLimit;
using LoadBalancer.Connections.IpAllowList;
using LoadBalancer.Connections.ProxyProtocol;
using LoadBalancer.Connections.RateLimit;

namespace LoadBalancer.Connections;

/// <summary>
/// Every connection policy, in the order in which each connection meets them, whatever the order in the file: who the client
/// is (PROXY protocol), whether it may connect, how many connections it has, how fast it makes them. A new policy is a line here.
/// </summary>
internal static class ConnectionPolicyCatalog
{
    // Each gives its policy, or null where the options do not ask for it.
    private static readonly Func<ConnectionPolicyOptions, ConnectionPolicyChain?, BuildContext, ConnectionPolicy?>[] InOrder =
    [
        ProxyProtocolPolicy.Create,
        IpAllowListPolicy.Create,
        ClientLimitPolicy.Create,
        ConnectionRatePolicy.Create,
    ];

    /// <summary>The chain of a listener; null where no policy is configured, so that none costs nothing.</summary>
    /// <param name="options">What the file says.</param>
    /// <param name="previous">The listener's chain so far, from which a policy adopts what it knows of clients; null for none.</param>
    /// <param name="context">The clock and seeds.</param>
    public static ConnectionPolicyChain? Build(ConnectionPolicyOptions options, ConnectionPolicyChain? previous, BuildContext context)
    {
        if ((previous?.Options ?? ConnectionPolicyOptions.None) == options)
        {
            return previous;
        }

        // Rule zero: LINQ, because this runs once for a listener and configuration.
        ConnectionPolicy[] policies = [.. InOrder.Select(create => create(options, previous, context)).OfType<ConnectionPolicy>()];
        return policies.Length == 0 ? null : new ConnectionPolicyChain(options, policies);
    }
}

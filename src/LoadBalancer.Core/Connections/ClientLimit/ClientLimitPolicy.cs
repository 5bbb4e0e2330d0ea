using LoadBalancer.Addresses;
using LoadBalancer.Faults;
using LoadBalancer.Limits;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Connections.ClientLimit;

/// <summary>
/// Bounds the connections that one client has at once: <c>max_connections_per_client</c>. Who is one client,
/// <see cref="ClientKey"/> says; the peer of a Unix socket is nobody's client and not counted.
/// </summary>
/// <remarks>A reload with another bound goes on with the counts of those that are open; who is over a lower bound keeps what it has.</remarks>
internal sealed class ClientLimitPolicy : ConnectionPolicy
{
    private readonly int _most;
    private readonly ClientKey _keys;
    private readonly ClientCounts _counts;

    private ClientLimitPolicy(int most, ClientKey keys, ClientCounts counts)
    {
        _most = most;
        _keys = keys;
        _counts = counts;
    }

    /// <summary>How many connections hold a place.</summary>
    public long Open => _counts.Open;

    /// <summary>The policy, or null where there is no bound.</summary>
    public static ClientLimitPolicy? Create(ConnectionPolicyOptions options, ConnectionPolicyChain? previous, BuildContext context)
    {
        if (options.MaxConnectionsPerClient is not { } most)
        {
            return null;
        }

        return previous?.Find<ClientLimitPolicy>() is { } running
            ? new ClientLimitPolicy(most, running._keys, running._counts)
            : new ClientLimitPolicy(most, new ClientKey(context.Seeds), new ClientCounts());
    }

    /// <inheritdoc/>
    public override ValueTask<Fault> AdmitAsync(EpollConnection client) => new(
        _keys.TryGet(client.RemoteEndPoint, out var key) && !_counts.TryEnter(key, _most)
            ? new Fault(FaultSide.Client, FaultKind.TooManyConnections)
            : Fault.None);

    /// <inheritdoc/>
    // The address is the same as in AdmitAsync: only a policy before this one may change it.
    public override void Release(EpollConnection client)
    {
        if (_keys.TryGet(client.RemoteEndPoint, out var key))
        {
            _counts.Leave(key);
        }
    }
}

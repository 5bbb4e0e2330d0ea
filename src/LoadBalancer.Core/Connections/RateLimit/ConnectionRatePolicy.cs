using LoadBalancer.Addresses;
using LoadBalancer.Faults;
using LoadBalancer.Limits;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Connections.RateLimit;

/// <summary>
/// Bounds how fast one client connects: <c>connection_rate</c>. Who is one client, <see cref="ClientKey"/> says; the peer of a
/// Unix socket is nobody's client and not counted. What is refused does not count, so a client that goes on trying gets its rate.
/// </summary>
/// <remarks>A reload goes on with what was counted, with another rate too.</remarks>
internal sealed class ConnectionRatePolicy : ConnectionPolicy
{
    private readonly ConnectionRateOptions _options;
    private readonly ClientKey _keys;
    private readonly LocalLimit _limit;

    private ConnectionRatePolicy(ConnectionRateOptions options, ClientKey keys, LocalLimit limit)
    {
        _options = options;
        _keys = keys;
        _limit = limit;
    }

    /// <summary>The policy, or null where there is no rate.</summary>
    public static ConnectionRatePolicy? Create(ConnectionPolicyOptions options, ConnectionPolicyChain? previous, BuildContext context)
    {
        if (options.ConnectionRate is not { } rate)
        {
            return null;
        }

        var running = previous?.Find<ConnectionRatePolicy>();
        if (running?._options == rate)
        {
            return running;
        }

        var limit = new LocalLimit(SpecOf(rate), context.Time);
        if (running is null)
        {
            return new ConnectionRatePolicy(rate, new ClientKey(context.Seeds), limit);
        }

        limit.Adopt(running._limit);
        return new ConnectionRatePolicy(rate, running._keys, limit);
    }

    /// <inheritdoc/>
    public override ValueTask<Fault> AdmitAsync(EpollConnection client) => new(
        _keys.TryGet(client.RemoteEndPoint, out var key) && !_limit.Take(new LimitKey(key, []), 1).Allowed
            ? new Fault(FaultSide.Client, FaultKind.ConnectionRateExceeded)
            : Fault.None);

    private static LimitSpec SpecOf(ConnectionRateOptions options) =>
        new("connection_rate", "", new LimitRule { Rate = options.Rate, Burst = options.Burst ?? 0 }, LimitMode.Local, StoreFailure.Local);
}

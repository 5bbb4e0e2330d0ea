using LoadBalancer.Endpoints;
using LoadBalancer.Telemetry;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// The connections of one loop to endpoints that wait for another request. Keyed by the endpoint, which lives on across reloads, and so do
/// they. Touched only on its loop.
/// </summary>
internal sealed class UpstreamPools(EventLoop loop)
{
    private readonly Dictionary<Endpoint, UpstreamPool> _pools = new(ReferenceEqualityComparer.Instance);

    /// <summary>The loop.</summary>
    public EventLoop Loop => loop;

    /// <summary>Connections that lie idle, over all endpoints.</summary>
    public int Idle { get; internal set; }

    /// <summary>Connections that are open, those in use included: what is used and idle is this less nothing. For tests and metrics.</summary>
    public int Open { get; internal set; }

    /// <summary>The pool of <paramref name="endpoint"/>, whose connections are counted in <paramref name="metrics"/>.</summary>
    public UpstreamPool Of(Endpoint endpoint, ResponseMetrics metrics)
    {
        if (!_pools.TryGetValue(endpoint, out var pool))
        {
            _pools.Add(endpoint, pool = new UpstreamPool(this, endpoint, metrics));
        }

        return pool;
    }

    /// <summary>Forgets a pool without connections: its endpoint may be gone.</summary>
    internal void Forget(UpstreamPool pool) => _pools.Remove(pool.Endpoint);
}

using LoadBalancer.Endpoints;
using LoadBalancer.Http.Forwarding.Http2;
using LoadBalancer.Telemetry;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// The connections of one loop to endpoints that wait for another request. Keyed by the endpoint, which lives on across reloads, and so do
/// they. Touched only on its loop.
/// </summary>
internal sealed class UpstreamPools
{
    /// <summary>What is kept of streams: one for each exchange that is under way.</summary>
    private const int MostKept = 1024;

    private readonly Stack<Http2UpstreamStream> _streams = new();
    private readonly Dictionary<Endpoint, UpstreamPool> _pools = new(ReferenceEqualityComparer.Instance);

    /// <summary>Pools of <paramref name="loop"/>, which share the endpoints' room with those of other loops.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="rooms">The room.</param>
    /// <param name="tell">Is told of connections that are ended for an error; on the loop.</param>
    public UpstreamPools(EventLoop loop, ConnectionRooms rooms, Action<Http2Report> tell)
    {
        (Loop, Rooms, Tell) = (loop, rooms, tell);
        rooms.Add(this);
    }

    /// <summary>The loop.</summary>
    public EventLoop Loop { get; }

    /// <summary>Is told of connections that are ended for an error.</summary>
    public Action<Http2Report> Tell { get; }

    /// <summary>The room for connections at endpoints.</summary>
    public ConnectionRooms Rooms { get; }

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

    /// <summary>A stream that is in no use.</summary>
    public Http2UpstreamStream RentStream() => _streams.Count > 0 ? _streams.Pop() : new Http2UpstreamStream(Loop);

    /// <summary>Takes a stream back; nobody refers to it any more.</summary>
    public void Return(Http2UpstreamStream stream)
    {
        if (_streams.Count < MostKept)
        {
            _streams.Push(stream);
        }
    }

    /// <summary>Gives up a connection to <paramref name="endpoint"/> for the sake of another loop that waits to open one, where there is one to spare.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="isFurther">True where that loop has one already: then nobody's only session is given up for it.</param>
    /// <param name="patience">How long it waits at most.</param>
    public void GiveUp(Endpoint endpoint, bool isFurther, TimeSpan patience)
    {
        if (_pools.TryGetValue(endpoint, out var pool) && pool.Room.IsWanted)
        {
            pool.GiveUp(isFurther, patience);
        }
    }

    /// <summary>Closes every connection that no request uses, in order: none will come.</summary>
    public void CloseIdle()
    {
        foreach (var pool in _pools.Values.ToArray())
        {
            while (pool.TryCloseIdle())
            {
            }
        }
    }

    /// <summary>Closes every connection to endpoints that were taken away which no request uses, in order, and each other one after its last.</summary>
    public void Retire(Withdrawal withdrawal)
    {
        foreach (var pool in _pools.Values.ToArray())
        {
            if (withdrawal.Holds(pool.Endpoint))
            {
                pool.Retire();
            }
        }
    }

    /// <summary>Makes a pool that has, or opens, a connection its endpoint's, where that has none.</summary>
    internal void Remember(UpstreamPool pool) => _pools.TryAdd(pool.Endpoint, pool);

    /// <summary>Forgets a pool without connections: its endpoint may be gone.</summary>
    internal void Forget(UpstreamPool pool)
    {
        if (_pools.TryGetValue(pool.Endpoint, out var known) && known == pool)
        {
            _pools.Remove(pool.Endpoint);
        }
    }
}

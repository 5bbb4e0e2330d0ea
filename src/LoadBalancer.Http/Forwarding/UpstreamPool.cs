using LoadBalancer.Endpoints;
using LoadBalancer.Http.Forwarding.Http2;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// The connections of one loop to one endpoint: idle ones, the latest used first, so that those which are not needed grow old. Touched only
/// on its loop.
/// </summary>
internal sealed class UpstreamPool(UpstreamPools pools, Endpoint endpoint, ResponseMetrics metrics)
{
    private Http2SessionPool? _sessions;
    private UpstreamConnection? _latest;
    private int _open;

    /// <summary>Whose connections they are.</summary>
    public Endpoint Endpoint => endpoint;

    /// <summary>Those that speak HTTP/2.</summary>
    public Http2SessionPool Sessions => _sessions ??= new Http2SessionPool(this, pools, metrics);

    /// <summary>
    /// An idle connection whose end was not signalled; null where there is none.
    /// </summary>
    /// <param name="idleAtMostMs">How long it may have been idle: a request that cannot be replayed takes only one that the endpoint has hardly closed meanwhile.</param>
    public UpstreamConnection? TryTake(long idleAtMostMs)
    {
        if (_latest is not { } connection || pools.Loop.NowMs - connection.IdleSinceMs > idleAtMostMs)
        {
            return null;
        }

        Unlink(connection, reused: true);
        connection.Wake();
        return connection;
    }

    /// <summary>Counts a new connection.</summary>
    public void Opened()
    {
        _open++;
        pools.Open++;
        metrics.ConnectionOpened(pools.Loop.Index);
    }

    /// <summary>Takes a connection that is fit for another request.</summary>
    public void Park(UpstreamConnection connection)
    {
        connection.Older = _latest;
        if (_latest is not null)
        {
            _latest.Newer = connection;
        }

        _latest = connection;
        connection.IsParked = true;
        pools.Idle++;
        metrics.ConnectionParked(pools.Loop.Index);
    }

    /// <summary>Forgets a connection that is being closed.</summary>
    public void Closed(UpstreamConnection connection)
    {
        if (connection.IsParked)
        {
            Unlink(connection, reused: false);
        }

        Closed();
    }

    /// <summary>Counts a connection that is closed, and not idle.</summary>
    public void Closed()
    {
        metrics.ConnectionClosed(pools.Loop.Index);
        pools.Open--;
        _open--;
        ForgetIfEmpty();
    }

    /// <summary>Forgets the pool where it has no connection and opens none.</summary>
    public void ForgetIfEmpty()
    {
        if (_open == 0 && _sessions is not { IsOpening: true })
        {
            pools.Forget(this);
        }
    }

    private void Unlink(UpstreamConnection connection, bool reused)
    {
        metrics.ConnectionTaken(pools.Loop.Index, reused);
        if (connection.Newer is null)
        {
            _latest = connection.Older;
        }
        else
        {
            connection.Newer.Older = connection.Older;
        }

        if (connection.Older is not null)
        {
            connection.Older.Newer = connection.Newer;
        }

        connection.Newer = connection.Older = null;
        connection.IsParked = false;
        pools.Idle--;
    }
}

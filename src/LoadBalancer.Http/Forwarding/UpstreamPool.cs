using LoadBalancer.Endpoints;
using LoadBalancer.Http.Forwarding.Http2;
using LoadBalancer.Telemetry;
using LoadBalancer.Upstreams;

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
    private int _opening;

    /// <summary>Whose connections they are.</summary>
    public Endpoint Endpoint => endpoint;

    /// <summary>The room for connections at the endpoint, which all loops share.</summary>
    public ConnectionRoom Room { get; } = pools.Rooms.At(endpoint);

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

    /// <summary>
    /// Takes room for another connection, where an endpoint may have no more than <paramref name="most"/>: at once, or after an idle one of this
    /// loop is closed for it. What is taken is given back by <see cref="Failed"/>, or when the connection that was opened is closed.
    /// </summary>
    public bool TryOpen(int? most)
    {
        if (!Room.TryOpen(most ?? int.MaxValue) && !(TryCloseIdle() && Room.TryOpen(most ?? int.MaxValue)))
        {
            return false;
        }

        _opening++;
        return true;
    }

    /// <summary>After <see cref="TryOpen"/> said no: waits for room, and makes other loops give some up.</summary>
    public RoomWait WaitToOpen(int most, TimeSpan timeout)
    {
        _opening++;
        var wait = Room.Wait(pools.Loop, most, timeout);
        pools.Rooms.Ask(endpoint, but: pools);
        return wait;
    }

    /// <summary>Nothing is opened after all: there was no room in time.</summary>
    public void Refused()
    {
        _opening--;
        ForgetIfEmpty();
    }

    /// <summary>Nothing is opened after all: the room is free.</summary>
    public void Failed()
    {
        Room.Close();
        Refused();
    }

    /// <summary>Closes the connection that has been idle for longest; false where none is.</summary>
    public bool TryCloseIdle()
    {
        var oldest = _latest;
        while (oldest?.Older is { } older)
        {
            oldest = older;
        }

        oldest?.Close();
        return oldest is not null || _sessions?.TryCloseIdle() == true;
    }

    /// <summary>Counts a new connection, for which there is room.</summary>
    public void Opened()
    {
        _opening--;
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
        Room.Close();
        pools.Open--;
        _open--;
        ForgetIfEmpty();
    }

    /// <summary>Forgets the pool where it has no connection and opens none.</summary>
    public void ForgetIfEmpty()
    {
        if (_open == 0 && _opening == 0 && _sessions is not { IsOpening: true })
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

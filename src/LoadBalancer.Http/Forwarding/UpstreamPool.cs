using LoadBalancer.Endpoints;
using LoadBalancer.Http.Forwarding.Http2;
using LoadBalancer.Telemetry;
using LoadBalancer.Tls;
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
    /// An idle connection whose end was not signalled; null where there is none. Those that were opened when the upstream spoke TLS otherwise are closed.
    /// </summary>
    /// <param name="tls">What the upstream speaks TLS with now; null for none.</param>
    /// <param name="idleAtMostMs">How long it may have been idle: a request that cannot be replayed takes only one that the endpoint has hardly closed meanwhile.</param>
    public UpstreamConnection? TryTake(TlsOrigination? tls, long idleAtMostMs)
    {
        while (_latest is { } latest && latest.Tls != tls)
        {
            latest.Close();
        }

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
    /// <param name="most">How many an endpoint may have; null for any number.</param>
    /// <param name="sharers">For a further session of HTTP/2, the number of loops; else 0.</param>
    public bool TryOpen(int? most, int sharers = 0)
    {
        if (!TakeRoom() && !(TryCloseIdle() && TakeRoom()))
        {
            return false;
        }

        Begin();
        return true;

        bool TakeRoom() => most is { } bound ? Room.TryOpen(bound, sharers) : Room.TryOpen(int.MaxValue);
    }

    /// <summary>True where <see cref="TryOpen"/> would have room now.</summary>
    public bool MayOpen(int most, int sharers) => _latest is not null || Room.HasRoom(most, sharers);

    /// <summary>After <see cref="TryOpen"/> said no: waits for room, and makes other loops give some up.</summary>
    /// <param name="most">How many an endpoint may have.</param>
    /// <param name="timeout">How long it waits at most.</param>
    /// <param name="patience">How long those wait at most who want it, by which others know how long they may take to give one up.</param>
    /// <param name="sharers">For a further session of HTTP/2, the number of loops; else 0.</param>
    public RoomWait WaitToOpen(int most, TimeSpan timeout, TimeSpan patience, int sharers = 0)
    {
        Begin();
        var wait = Room.Wait(pools.Loop, most, timeout, sharers);
        pools.Rooms.Ask(endpoint, but: pools, wait.IsFurther, patience);
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
    /// <param name="keepsSession">True where the only session of HTTP/2 stays.</param>
    public bool TryCloseIdle(bool keepsSession = false)
    {
        var oldest = _latest;
        while (oldest?.Older is { } older)
        {
            oldest = older;
        }

        oldest?.Close();
        return oldest is not null || _sessions?.TryCloseIdle(keepsSession) == true;
    }

    /// <summary>Closes those that are idle, and each session of HTTP/2 after its last stream.</summary>
    public void Retire()
    {
        while (TryCloseIdle() || _sessions?.TryCloseIdle(orBusy: true) == true)
        {
        }
    }

    /// <summary>Gives up an idle connection for another loop, or makes a session take nobody new for a part of that loop's patience.</summary>
    public void GiveUp(bool isFurther, TimeSpan patience)
    {
        if (!TryCloseIdle(keepsSession: isFurther) && !isFurther)
        {
            // Half: the rest is to connect, and for those of this loop who have to wait meanwhile.
            _sessions?.Yield(patience / 2);
        }
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

    // It may have been forgotten with the idle connection that was closed for this one.
    private void Begin()
    {
        _opening++;
        pools.Remember(this);
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

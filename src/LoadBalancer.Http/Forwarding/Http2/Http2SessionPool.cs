using System.Collections.Immutable;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Telemetry;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding.Http2;

/// <summary>
/// The sessions of one loop with one endpoint. One is opened for all who wait, and another where those that there are have no room. Touched
/// only on its loop.
/// </summary>
internal sealed class Http2SessionPool(UpstreamPool pool, UpstreamPools pools, ResponseMetrics metrics)
{
    private static readonly ImmutableArray<ApplicationProtocol> Http2Only = [ApplicationProtocol.Http2];
    private static readonly ImmutableArray<ApplicationProtocol> Either = [ApplicationProtocol.Http2, ApplicationProtocol.Http1];

    private readonly List<Http2UpstreamSession> _sessions = [];
    private readonly Queue<Http2SessionWait> _waiting = new();
    private Upstream _upstream = null!;
    private TimeProvider _time = null!;

    /// <summary>All pools of the loop.</summary>
    public UpstreamPools Pools => pools;

    /// <summary>True while a session is being opened.</summary>
    public bool IsOpening { get; private set; }

    /// <summary>True where somebody waits to open a connection to the endpoint.</summary>
    public bool IsRoomWanted => pool.Room.IsWanted;

    /// <summary>True where the endpoint chose HTTP/1.1 when it could choose: it is not asked again while it has connections.</summary>
    public bool SpeakHttp1 { get; private set; }

    private EventLoop Loop => pools.Loop;

    private Endpoint Endpoint => pool.Endpoint;

    /// <summary>A stream of a session that has room; null where none has.</summary>
    public Http2UpstreamStream? TryTake()
    {
        foreach (var session in _sessions)
        {
            if (session.HasRoom)
            {
                return session.Take();
            }
        }

        return null;
    }

    /// <summary>Waits for a stream, for which a session is opened. The wait is bounded by the time of a connect, and may be given up.</summary>
    /// <param name="upstream">Whose endpoint it is.</param>
    /// <param name="time">The clock of durations.</param>
    public Http2SessionWait Wait(Upstream upstream, TimeProvider time)
    {
        (_upstream, _time) = (upstream, time);
        var wait = new Http2SessionWait();
        _waiting.Enqueue(wait);
        if (!IsOpening)
        {
            _ = OpenAsync();
        }

        return wait;
    }

    /// <summary>Gives those who wait what room there is.</summary>
    public void Serve()
    {
        while (_waiting.TryPeek(out var wait))
        {
            if (wait.HasEnded)
            {
                _waiting.Dequeue();
            }
            else if (TryTake() is { } stream)
            {
                _waiting.Dequeue();
                wait.End(stream, Fault.None);
            }
            else
            {
                return;
            }
        }
    }

    /// <summary>A session that was being opened may be used.</summary>
    public void OnReady(Http2UpstreamSession session)
    {
        IsOpening = false;
        _sessions.Add(session);
        if (!session.HasRoom)
        {
            // An endpoint that takes no stream at all: the next one would be like it. Nor does it stay, or there would be one more with each request.
            session.Retire();
            EndAll(new Fault(FaultSide.Upstream, FaultKind.ConnectRefused, Retryable: true));
            return;
        }

        Serve();
        if (_waiting.Count > 0 && !IsOpening)
        {
            _ = OpenAsync();
        }
    }

    /// <summary>Closes a session that lies idle; false where none does.</summary>
    public bool TryCloseIdle()
    {
        var idle = _sessions.Find(static session => session.IsIdle);
        idle?.Retire();
        return idle is not null;
    }

    /// <summary>Lets a session take nobody any more, for the sake of somebody of another loop who waits to open one: it is closed after its last stream.</summary>
    public void Retire() => (_sessions.Count > 0 ? _sessions[0] : null)?.Retire();

    /// <summary>A session takes nobody any more.</summary>
    public void Remove(Http2UpstreamSession session) => _sessions.Remove(session);

    /// <summary>A session is closed.</summary>
    /// <param name="session">The session.</param>
    /// <param name="wasReady">False where it never was: then the connect has failed.</param>
    /// <param name="kind">Why.</param>
    public void OnClosed(Http2UpstreamSession session, bool wasReady, FaultKind kind)
    {
        _sessions.Remove(session);
        if (!wasReady)
        {
            IsOpening = false;
            EndAll(new Fault(FaultSide.Upstream, kind == FaultKind.None ? FaultKind.Reset : kind, Retryable: true));
        }

        pool.Closed();
    }

    /// <summary>Counts a session that lies idle.</summary>
    public void Parked()
    {
        pools.Idle++;
        metrics.ConnectionParked(Loop.Index);
    }

    /// <summary>Counts one that does no more.</summary>
    public void Unparked(bool reused)
    {
        pools.Idle--;
        metrics.ConnectionTaken(Loop.Index, reused);
    }

    /// <summary>Counts an exchange on a session that others are on.</summary>
    public void Shared() => metrics.ConnectionShared(Loop.Index);

    // Whoever waits goes on inline, and may wait again: so only those that are there now.
    private void EndAll(Fault fault)
    {
        for (var left = _waiting.Count; left > 0 && _waiting.TryDequeue(out var wait); left--)
        {
            if (!wait.HasEnded)
            {
                wait.End(null, fault);
            }
        }
    }

    private void Stop(Fault refusal)
    {
        if (refusal.Failed)
        {
            pool.Refused();
        }
        else
        {
            pool.Failed();
        }
    }

    private async Task OpenAsync()
    {
        IsOpening = true;
        var (upstream, began) = (_upstream, _time.GetTimestamp());
        var timeouts = upstream.Options.Timeouts;
        if (!pool.TryOpen(upstream.Options.MaxConnections))
        {
            var refusal = await pool.WaitToOpen(upstream.Options.MaxConnections!.Value, upstream.Options.PendingTimeout).EndAsync();
            Serve();
            if (refusal.Failed || _waiting.Count == 0)
            {
                IsOpening = false;
                EndAll(refusal);
                Stop(refusal);
                return;
            }

            began = _time.GetTimestamp();
        }

        var result = await ConnectAttempt.StartAsync(Loop, Endpoint.Address, timeouts.Connect);
        if (result.Socket is { } connected && upstream.Tls is { } tls)
        {
            var offered = upstream.Options.Protocol == UpstreamProtocol.Auto ? Either : Http2Only;
            var fault = await tls.ShakeAsync(connected, Endpoint.Address, offered, timeouts.Connect - _time.GetElapsedTime(began));
            if (fault.Failed)
            {
                connected.Reset();
                result = new ConnectResult(null, fault);
            }
        }

        if (result.Socket is not { } socket)
        {
            IsOpening = false;
            EndAll(result.Fault);
            pool.Failed();
            return;
        }

        var took = _time.GetElapsedTime(began);
        Endpoint.ConnectTimes.Record(Loop.Index, took);
        upstream.Metrics.ConnectTimes.Record(Loop.Index, took);
        var connection = new EpollConnection(socket, Endpoint.Address);
        if (upstream.Options.Protocol == UpstreamProtocol.Auto && socket.Cipher is not TlsSession { Protocol: ApplicationProtocol.Http2 })
        {
            // The first that goes on finds this one idle.
            SpeakHttp1 = true;
            IsOpening = false;
            new UpstreamConnection(connection, pool).Park(timeouts.PoolIdle, keepsAlive: true);
            EndAll(Fault.None);
            return;
        }

        pool.Opened();
        await new Http2UpstreamSession(connection, this, timeouts).RunAsync();
    }
}

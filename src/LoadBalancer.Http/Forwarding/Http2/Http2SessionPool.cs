using System.Collections.Immutable;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Limits;
using LoadBalancer.Telemetry;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding.Http2;

/// <summary>
/// The sessions of one loop with one endpoint. One is opened for all who wait, and another where those that there are have no room. Touched
/// only on its loop.
/// </summary>
/// <remarks>
/// Where <c>max_connections</c> allows no other one, those who wait are counted and bounded as all who wait for room at the upstream
/// (<see cref="LeaseQueue"/>), each for its own <c>pending_timeout</c>; the important are served first. Who can have another endpoint that has
/// room takes that instead, when it turns out that there is none here, and again before it is refused. A session serves those alone whose
/// upstream speaks TLS as it did when the session was opened: after a reload nobody is asked by what no longer holds.
/// </remarks>
internal sealed class Http2SessionPool(UpstreamPool pool, UpstreamPools pools, ResponseMetrics metrics)
{
    private static readonly ImmutableArray<ApplicationProtocol> Http2Only = [ApplicationProtocol.Http2];
    private static readonly ImmutableArray<ApplicationProtocol> Either = [ApplicationProtocol.Http2, ApplicationProtocol.Http1];

    // Only for the one who opens: it ends nobody's wait.
    private static readonly Fault Enough = new(FaultSide.Internal, FaultKind.PendingTimeout);

    private readonly List<Http2UpstreamSession> _sessions = [];
    private readonly Http2SessionLine _waiting = new();
    private RoomWait? _rooming;
    private TlsOrigination? _http1Tls;
    private TimeProvider _time = null!;
    private bool _speaksHttp1;
    private bool _holds;
    private bool _hasRoomToOpen;
    private bool _lacksRoom;

    /// <summary>All pools of the loop.</summary>
    public UpstreamPools Pools => pools;

    /// <summary>True while a session is being opened.</summary>
    public bool IsOpening { get; private set; }

    /// <summary>True where somebody of another loop, which has no session with the endpoint, waits to open one.</summary>
    public bool IsWantedByOthers => pool.Room.IsFirstWanted;

    /// <summary>What the endpoint is called in logs.</summary>
    public string Label => pool.Endpoint.Label;

    private EventLoop Loop => pools.Loop;

    private Endpoint Endpoint => pool.Endpoint;

    // What a loop that has a session leaves for the others: see ConnectionRoom.
    private int Sharers => _sessions.Count > 0 ? pools.Rooms.Loops : 0;

    /// <summary>True where the endpoint chose HTTP/1.1 when it could choose: it is not asked again while it has connections.</summary>
    public bool SpeaksHttp1(Upstream upstream) => _speaksHttp1 && upstream.Options.Protocol == UpstreamProtocol.Auto && upstream.Tls == _http1Tls;

    /// <summary>True where another exchange would have to wait for what others do: every session is full, and no other may be opened.</summary>
    public bool IsFull(Upstream upstream) =>
        !SpeaksHttp1(upstream) && Find(upstream.Tls, doubtful: true) is null
        && (IsOpening ? _lacksRoom : upstream.Options.MaxConnections is { } most && !pool.MayOpen(most, Sharers));

    /// <summary>A stream of a session that has room; null where none has. Sessions of another TLS than that of <paramref name="upstream"/> are retired.</summary>
    public Http2UpstreamStream? TryTake(Upstream upstream)
    {
        if (_waiting.Count > 0)
        {
            // They came before.
            Serve();
        }

        for (var at = _sessions.Count - 1; at >= 0; at--)
        {
            if (_sessions[at].Tls != upstream.Tls)
            {
                _sessions[at].Retire();
            }
        }

        return Find(upstream.Tls, doubtful: false)?.Take();
    }

    /// <summary>
    /// Waits for a stream, for which a session is opened. The wait is bounded by the time of a connect, or where there is no room for another
    /// connection by <c>pending_timeout</c>, and may be given up.
    /// </summary>
    /// <param name="upstream">Whose endpoint it is.</param>
    /// <param name="importance">Who is served first.</param>
    /// <param name="time">The clock of durations.</param>
    /// <param name="leaves">Looks for another endpoint where this one is full; true where it has one, and then the wait ends without a stream.</param>
    public Http2SessionWait Wait(Upstream upstream, Importance importance, TimeProvider time, Func<bool>? leaves)
    {
        _time = time;
        var wait = new Http2SessionWait(_waiting, upstream, importance, leaves);
        _waiting.Add(wait);
        if (!IsOpening)
        {
            _ = OpenAsync();
        }
        else if (_lacksRoom)
        {
            _waiting.Admit(wait, Loop.NowMs);
        }

        return wait;
    }

    /// <summary>Gives those who wait what room there is.</summary>
    public void Serve() => Serve(doubtful: _lacksRoom);

    /// <summary>A session that was being opened may be used.</summary>
    public void OnReady(Http2UpstreamSession session)
    {
        (IsOpening, _hasRoomToOpen) = (false, false);
        _sessions.Add(session);
        NoteHold();
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
    /// <param name="keepsOne">True where the last one stays.</param>
    /// <param name="orBusy">True where one that is in use will do, which then takes no other stream and is closed after its last.</param>
    public bool TryCloseIdle(bool keepsOne = false, bool orBusy = false)
    {
        var idle = keepsOne && _sessions.Count < 2 ? null : orBusy && _sessions is [var first, ..] ? first : _sessions.Find(static session => session.IsIdle);
        idle?.Retire();
        return idle is not null;
    }

    /// <summary>Makes the session with the fewest streams take no others for a while, for the sake of a loop that has none: see <see cref="Http2UpstreamSession.Yield"/>.</summary>
    public void Yield(TimeSpan time)
    {
        Http2UpstreamSession? least = null;
        foreach (var session in _sessions)
        {
            if (least is null || session.Streams < least.Streams)
            {
                least = session;
            }
        }

        least?.Yield(time);
    }

    /// <summary>A session takes nobody any more.</summary>
    public void Remove(Http2UpstreamSession session)
    {
        _sessions.Remove(session);
        NoteHold();
        if (_sessions.Count == 0 && _rooming is { IsFurther: true } further)
        {
            // Now it is for a first one.
            further.GiveUp(Enough);
        }
    }

    /// <summary>A session is closed.</summary>
    /// <param name="session">The session.</param>
    /// <param name="wasReady">False where it never was: then the connect has failed.</param>
    /// <param name="kind">Why.</param>
    public void OnClosed(Http2UpstreamSession session, bool wasReady, FaultKind kind)
    {
        Remove(session);
        if (!wasReady)
        {
            EndOpening(new Fault(FaultSide.Upstream, kind == FaultKind.None ? FaultKind.Reset : kind, Retryable: true));
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

    private Http2UpstreamSession? Find(TlsOrigination? tls, bool doubtful)
    {
        Http2UpstreamSession? second = null;
        foreach (var session in _sessions)
        {
            if (session.HasRoom && session.Tls == tls)
            {
                if (!session.IsDoubtful)
                {
                    return session;
                }

                // Where two are silent, that is the endpoint's way: or each quiet call would have a connection of its own.
                doubtful |= second is not null;
                second ??= session;
            }
        }

        return doubtful ? second : null;
    }

    // Where no other can be opened, one that is in doubt is better than none.
    private void Serve(bool doubtful)
    {
        while (_waiting.Next() is { } wait)
        {
            if (Find(wait.Upstream.Tls, doubtful) is not { } session)
            {
                return;
            }

            wait.End(session.Take(), Fault.None);
        }

        // Nobody wants another one any more.
        _rooming?.GiveUp(Enough);
    }

    // One that is being opened counts as soon as it has its room.
    private void NoteHold()
    {
        var holds = _sessions.Count > 0 || _hasRoomToOpen;
        if (holds != _holds)
        {
            _holds = holds;
            if (holds)
            {
                pool.Room.Hold();
            }
            else
            {
                pool.Room.Unhold();
            }
        }
    }

    // Whoever waits goes on inline, and may wait again: so only those that are there now.
    private void EndAll(Fault fault)
    {
        for (var left = _waiting.Count; left > 0 && _waiting.Next() is { } wait; left--)
        {
            wait.GiveUp(fault);
        }
    }

    private void EndOpening(Fault fault)
    {
        (IsOpening, _hasRoomToOpen) = (false, false);
        NoteHold();
        EndAll(fault);
    }

    /// <summary>Takes room for another connection, for which those who wait may have to wait longer; false where nobody wants one any more.</summary>
    private async ValueTask<bool> TakeRoomAsync()
    {
        while (_waiting.Next() is { } next)
        {
            var (most, sharers) = (next.Upstream.Options.MaxConnections, Sharers);
            var taken = pool.TryOpen(most, sharers);
            if (!taken)
            {
                _lacksRoom = true;
                _waiting.AdmitAll(Loop.NowMs);
                Serve(doubtful: true);
                if (_waiting.Earliest() is not { } earliest)
                {
                    break;
                }

                var left = TimeSpan.FromMilliseconds(Math.Max(earliest.DueMs - Loop.NowMs, 1));
                _rooming = pool.WaitToOpen(most ?? int.MaxValue, left, next.Upstream.Options.PendingTimeout, sharers);
                taken = !(await _rooming.EndAsync()).Failed;
                _rooming = null;
                _lacksRoom = !taken;
                if (!taken)
                {
                    pool.Refused();
                    _waiting.RefuseLate(Loop.NowMs);
                    continue;
                }

                Serve();
            }

            _lacksRoom = false;
            if (_waiting.Count == 0)
            {
                pool.Failed();
                return false;
            }

            _hasRoomToOpen = true;
            NoteHold();
            return true;
        }

        _lacksRoom = false;
        return false;
    }

    private async Task OpenAsync()
    {
        IsOpening = true;
        if (!await TakeRoomAsync())
        {
            IsOpening = false;
            pool.ForgetIfEmpty();
            return;
        }

        var (upstream, began) = (_waiting.Next()!.Upstream, _time.GetTimestamp());
        var timeouts = upstream.Options.Timeouts;
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
            EndOpening(result.Fault);
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
            (_speaksHttp1, _http1Tls) = (true, upstream.Tls);
            new UpstreamConnection(connection, pool, upstream.Tls).Park(timeouts.PoolIdle, keepsAlive: true);
            EndOpening(Fault.None);
            return;
        }

        pool.Opened();
        await new Http2UpstreamSession(connection, this, upstream.Tls, timeouts).RunAsync();
    }
}

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
    private static readonly ImmutableArray<ApplicationProtocol> Offer = [ApplicationProtocol.Http2];

    private readonly List<Http2UpstreamSession> _sessions = [];
    private readonly Queue<Http2SessionWait> _waiting = new();
    private Upstream _upstream = null!;
    private TimeProvider _time = null!;

    /// <summary>All pools of the loop.</summary>
    public UpstreamPools Pools => pools;

    /// <summary>True while a session is being opened.</summary>
    public bool IsOpening { get; private set; }

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

    /// <summary>Makes a session of a connection on which HTTP/2 was agreed on.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="upstream">Whose endpoint it is.</param>
    /// <param name="time">The clock of durations.</param>
    /// <param name="took">What the connect took.</param>
    public void Adopt(EpollSocket socket, Upstream upstream, TimeProvider time, TimeSpan took)
    {
        (_upstream, _time) = (upstream, time);
        IsOpening = true;
        _ = RunAsync(socket, took);
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
            // An endpoint that takes no stream at all: the next one would be like it.
            FailAll(new Fault(FaultSide.Upstream, FaultKind.ConnectRefused, Retryable: true));
            return;
        }

        Serve();
        if (_waiting.Count > 0 && !IsOpening)
        {
            _ = OpenAsync();
        }
    }

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
            FailAll(new Fault(FaultSide.Upstream, kind == FaultKind.None ? FaultKind.Reset : kind, Retryable: true));
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
    private void FailAll(Fault fault)
    {
        for (var left = _waiting.Count; left > 0 && _waiting.TryDequeue(out var wait); left--)
        {
            if (!wait.HasEnded)
            {
                wait.End(null, fault);
            }
        }
    }

    private async Task OpenAsync()
    {
        IsOpening = true;
        var began = _time.GetTimestamp();
        var timeout = _upstream.Options.Timeouts.Connect;
        var result = await ConnectAttempt.StartAsync(Loop, Endpoint.Address, timeout);
        if (result.Socket is { } connected && _upstream.Tls is { } tls)
        {
            result = await ShakeAsync(connected, tls, timeout - _time.GetElapsedTime(began));
        }

        if (result.Socket is not { } socket)
        {
            IsOpening = false;
            FailAll(result.Fault);
            pool.ForgetIfEmpty();
            return;
        }

        await RunAsync(socket, _time.GetElapsedTime(began));
    }

    /// <summary>Nothing but HTTP/2 will do here: an endpoint that agrees on nothing is not believed to speak it.</summary>
    private async ValueTask<ConnectResult> ShakeAsync(EpollSocket socket, TlsOrigination tls, TimeSpan timeout)
    {
        var fault = await tls.ShakeAsync(socket, Endpoint.Address, Offer, timeout);
        if (!fault.Failed && socket.Cipher is not TlsSession { Protocol: ApplicationProtocol.Http2 })
        {
            pool.SpeaksHttp2 = false;
            fault = new Fault(FaultSide.Upstream, FaultKind.TlsFailed, Retryable: true);
        }

        if (fault.Failed)
        {
            socket.Reset();
            return new ConnectResult(null, fault);
        }

        return new ConnectResult(socket, Fault.None);
    }

    private Task RunAsync(EpollSocket socket, TimeSpan took)
    {
        Endpoint.ConnectTimes.Record(Loop.Index, took);
        _upstream.Metrics.ConnectTimes.Record(Loop.Index, took);
        pool.Opened();
        return new Http2UpstreamSession(new EpollConnection(socket, Endpoint.Address), this, _upstream.Options.Timeouts).RunAsync();
    }
}

using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Http.Forwarding.Http2;
using LoadBalancer.Http.Resilience;
using LoadBalancer.Http.Server;
using LoadBalancer.Limits;
using LoadBalancer.Telemetry;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding;

/// <summary>Gets attempts an endpoint of one upstream and a connection to it: an idle one, a stream of one that others are on, or a new one. Immutable wiring, thread-safe.</summary>
internal sealed class Connector(Upstream upstream, TimeProvider time, HttpEngine engine, RetryPlan retries, ResponseMetrics responses)
{
    /// <summary>A connection that was idle for longer may be closed by the endpoint at this very moment: a request that cannot be sent again does not take it.</summary>
    private const long FreshMs = 1000;

    private static readonly ImmutableArray<ApplicationProtocol> Http1Only = [ApplicationProtocol.Http1];

    private readonly UpstreamOptions _options = upstream.Options;

    /// <summary>True where endpoints may speak HTTP/2.</summary>
    public bool IsHttp2 { get; } = MayBeHttp2(upstream);

    /// <summary>Leases an endpoint that was not tried, and gets a connection to it.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public async ValueTask<Fault> ConnectAsync(Exchange exchange, ForwardWork work, Attempt attempt, ulong hashKey)
    {
        if (upstream.Circuit is { } circuit && !circuit.TryEnter(exchange.Loop.Index, out attempt.Pass))
        {
            exchange.RetryAfterSeconds = circuit.RetryAfterSeconds;
            return IsFurther(work, attempt) ? work.Last : new Fault(FaultSide.Upstream, FaultKind.CircuitOpen);
        }

        if (!LeaseSame(exchange, work, attempt) && !upstream.Lease(new PickContext(hashKey, work.Tried), out attempt.Lease))
        {
            // An answer in hand, or on its way, is better than a place in a queue.
            var refusal = work.Held is not null || attempt.Reason == RetryReason.Hedge ? work.Last : await WaitAsync(exchange, work, attempt, hashKey);
            if (refusal.Failed)
            {
                return refusal;
            }

            // The circuit may have opened meanwhile, and then whoever waits leaves the endpoints alone too.
            attempt.Pass.GiveBack();
            if (upstream.Circuit is { } now && !now.TryEnter(exchange.Loop.Index, out attempt.Pass))
            {
                attempt.Lease.Return(Fault.None);
                exchange.RetryAfterSeconds = now.RetryAfterSeconds;
                return IsFurther(work, attempt) ? work.Last : new Fault(FaultSide.Upstream, FaultKind.CircuitOpen);
            }
        }

        if (IsHttp2 && _options.MaxConnections is not null && IsFull(exchange, attempt.Lease.Endpoint))
        {
            // Where no other has room, it stays with this one.
            TryLeaseOther(exchange, work, attempt, hashKey);
        }

        var began = time.GetTimestamp();
        if (!Admit(exchange, attempt.Reason, time.GetElapsedTime(0, began)))
        {
            attempt.Lease.Return(Fault.None);
            return work.Last;
        }

        exchange.Attempts++;
        if (attempt.Reason == RetryReason.Hedge)
        {
            // One that was refused is none of the request's tries.
            work.Tries++;
        }

        attempt.Endpoint = attempt.Lease.Endpoint;
        attempt.Leased = began;
        if (retries.PerTry is { } perTry)
        {
            attempt.Expect(perTry);
        }

        var pool = PoolOf(exchange, attempt.Endpoint);
        while (IsHttp2 && !pool.Sessions.SpeaksHttp1(upstream) && !exchange.Request.WantsWebSocket)
        {
            var fault = await TakeStreamAsync(exchange, work, attempt, hashKey, pool.Sessions);
            if (attempt.GaveUp.Failed || attempt.Connection is not null)
            {
                return attempt.GaveUp;
            }

            if (fault.Failed)
            {
                return fault;
            }

            if (attempt.Lease.Endpoint == attempt.Endpoint)
            {
                break;
            }

            // The session that was being opened is full, and another endpoint has room.
            attempt.Endpoint = attempt.Lease.Endpoint;
            pool = PoolOf(exchange, attempt.Endpoint);
        }

        var endpoint = attempt.Endpoint;
        var replayable = work.MayRepeat && work.CanReplay(exchange, wasAsked: true);

        // After one that had been closed already, one that has not.
        if (_options.SendProxyProtocol is null && attempt.Reason != RetryReason.Unseen && pool.TryTake(upstream.Tls, replayable ? long.MaxValue : FreshMs) is { } idle)
        {
            attempt.Connection = idle;
            attempt.Connected = began;
            return Fault.None;
        }

        if (!pool.TryOpen(_options.MaxConnections) && await WaitForRoomAsync(attempt, pool) is { Failed: true } none)
        {
            return none;
        }

        var connecting = ConnectAttempt.StartAsync(exchange.Loop, endpoint.Address, _options.Timeouts.Connect, out var underWay);
        attempt.Connecting = underWay;
        var result = await connecting;
        attempt.Connecting = null;
        if (upstream.Tls is { } tls && result.Socket is { } connected && !attempt.GaveUp.Failed)
        {
            result = await ShakeAsync(exchange, attempt, tls, connected, _options.Timeouts.Connect - time.GetElapsedTime(began));
        }

        attempt.Connected = time.GetTimestamp();
        var took = time.GetElapsedTime(began, attempt.Connected);
        if (attempt.GaveUp.Failed)
        {
            result.Socket?.Reset();
            pool.Failed();
            return attempt.GaveUp;
        }

        if (result.Socket is not { } socket)
        {
            pool.Failed();
            return result.Fault;
        }

        endpoint.ConnectTimes.Record(exchange.Loop.Index, took);
        upstream.Metrics.ConnectTimes.Record(exchange.Loop.Index, took);
        attempt.Connection = new UpstreamConnection(new EpollConnection(socket, endpoint.Address), pool, upstream.Tls);
        return Fault.None;
    }

    private static bool IsFurther(ForwardWork work, Attempt attempt) => work.Tries > 0 || attempt.Reason == RetryReason.Hedge;

    private UpstreamPool PoolOf(Exchange exchange, Endpoint endpoint) => engine.On(exchange.Loop).Upstreams.Of(endpoint, responses);

    /// <summary>
    /// True where the endpoint shares its connections, and they are full and as many as may be. Where connections are not shared, they bound
    /// the leases, and a pick knows of it.
    /// </summary>
    private bool IsFull(Exchange exchange, Endpoint endpoint)
    {
        var pool = PoolOf(exchange, endpoint);
        if (!pool.Sessions.IsFull(upstream))
        {
            return false;
        }

        pool.ForgetIfEmpty();
        return true;
    }

    /// <summary>Leases an endpoint that is not full in place of the one at hand, which is; false where none is left.</summary>
    private bool TryLeaseOther(Exchange exchange, ForwardWork work, Attempt attempt, ulong hashKey)
    {
        Endpoint[] full = [.. work.Tried, attempt.Lease.Endpoint];
        if ((attempt == work.Rival ? work.Attempt : work.Rival) is { Endpoint: { } asked })
        {
            full = [.. full, asked];
        }

        while (upstream.Lease(new PickContext(hashKey, full), out var other))
        {
            if (!IsFull(exchange, other.Endpoint))
            {
                var given = attempt.Lease;
                attempt.Lease = other;
                given.Return(Fault.None);
                return true;
            }

            full = [.. full, other.Endpoint];
            other.Return(Fault.None);
        }

        return false;
    }

    /// <summary>Waits for room for another connection to the endpoint; it is taken when it returns <see cref="Fault.None"/>.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<Fault> WaitForRoomAsync(Attempt attempt, UpstreamPool pool)
    {
        if (!upstream.Pending.TryEnterRoom())
        {
            upstream.Pending.NoteRoom(FaultKind.PendingOverflow);
            return new Fault(FaultSide.Internal, FaultKind.PendingOverflow);
        }

        var wait = attempt.Rooming = pool.WaitToOpen(_options.MaxConnections ?? int.MaxValue, _options.PendingTimeout, _options.PendingTimeout);
        var fault = await wait.EndAsync();
        attempt.Rooming = null;
        upstream.Pending.LeaveRoom();
        if (fault.Kind == FaultKind.PendingTimeout)
        {
            upstream.Pending.NoteRoom(fault.Kind);
        }

        if (fault.Failed)
        {
            pool.Refused();
        }
        else if (attempt.GaveUp.Failed)
        {
            pool.Failed();
        }

        return attempt.GaveUp.Failed ? attempt.GaveUp : fault;
    }

    /// <summary>Counts an attempt that has its lease; false where the upstream has had as many retries as it may.</summary>
    private bool Admit(Exchange exchange, RetryReason reason, TimeSpan now)
    {
        if (reason == RetryReason.None)
        {
            if (retries.IsBudgeting)
            {
                upstream.Metrics.Retries.Add(exchange.Loop.Index, now);
            }

            return true;
        }

        if (RetryPlan.IsBudgeted(reason) && !upstream.Metrics.Retries.TrySpend(retries.Budget, now))
        {
            return false;
        }

        exchange.RetriedFor = reason;
        responses.Retried(exchange.Loop.Index, reason);
        return true;
    }

    /// <summary>
    /// Takes a stream of a connection that is there, or waits for one that is opened; neither a stream nor a fault where the endpoint chose
    /// HTTP/1.1, or was full and another one is leased now.
    /// </summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<Fault> TakeStreamAsync(Exchange exchange, ForwardWork work, Attempt attempt, ulong hashKey, Http2SessionPool sessions)
    {
        attempt.Connection = sessions.TryTake(upstream);
        if (attempt.Connection is not null)
        {
            attempt.Connected = attempt.Leased;
            return Fault.None;
        }

        var wait = attempt.Opening = WaitForStream(exchange, work, attempt, hashKey, sessions);
        var fault = await wait.EndAsync();
        attempt.Opening = null;
        attempt.Connection = wait.Stream;
        attempt.Connected = time.GetTimestamp();
        return fault;
    }

    private Http2SessionWait WaitForStream(Exchange exchange, ForwardWork work, Attempt attempt, ulong hashKey, Http2SessionPool sessions) => sessions.Wait(
        upstream, exchange.Route?.Importance ?? Importance.Normal, time,
        _options.MaxConnections is null ? null : () => TryLeaseOther(exchange, work, attempt, hashKey));

    /// <summary>Speaks TLS with the endpoint from here on. A PROXY header goes before it, in clear.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<ConnectResult> ShakeAsync(Exchange exchange, Attempt attempt, TlsOrigination tls, EpollSocket socket, TimeSpan timeout)
    {
        if (_options.SendProxyProtocol is { } version)
        {
            // The kernel takes a header whole: it is the first that it gets.
            socket.Send(ProxyPreamble.Write(version, exchange));
        }

        attempt.Shaking = socket;
        var fault = await tls.ShakeAsync(socket, attempt.Lease.Endpoint.Address, Http1Only, timeout);
        attempt.Shaking = null;
        if (!fault.Failed)
        {
            return new ConnectResult(socket, Fault.None);
        }

        socket.Reset();
        return new ConnectResult(null, fault);
    }

    // A PROXY header is for one client.
    private static bool MayBeHttp2(Upstream upstream) => upstream.Options.Protocol switch
    {
        UpstreamProtocol.Http2 or UpstreamProtocol.Grpc => true,
        UpstreamProtocol.Auto => upstream.Tls is not null && upstream.Options.SendProxyProtocol is null,
        _ => false,
    };

    /// <summary>Leases the endpoint that the client was at before, where it has a cookie of that; once.</summary>
    private bool LeaseSame(Exchange exchange, ForwardWork work, Attempt attempt) =>
        work.Tried.Length == 0 && Affinity.Find(exchange, _options, upstream.View) is { } same && upstream.Lease(same, out attempt.Lease);

    /// <summary>Waits for room at an endpoint; the lease is taken when it returns <see cref="Fault.None"/>.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<Fault> WaitAsync(Exchange exchange, ForwardWork work, Attempt attempt, ulong hashKey)
    {
        attempt.Waiting = upstream.Wait(exchange.Loop, hashKey, work.Tried, exchange.Importance);
        if (attempt.Waiting is not { } wait)
        {
            return work.Last;
        }

        var fault = await wait.EndAsync();
        attempt.Waiting = null;
        if (!fault.Failed)
        {
            attempt.Lease = wait.Lease;
        }

        return attempt.GaveUp.Failed ? attempt.GaveUp : fault;
    }
}

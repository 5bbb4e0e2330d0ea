using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using LoadBalancer.Balancing;
using LoadBalancer.Faults;
using LoadBalancer.Http.Forwarding.Http2;
using LoadBalancer.Http.Server;
using LoadBalancer.Telemetry;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// Passes exchanges on to an endpoint of one upstream. Immutable wiring, thread-safe; each exchange on its loop.
/// </summary>
/// <remarks>
/// <code>
///   exchange ─► (1) fields for the endpoint ─► (2) lease ─► (3) connection: idle or new ─► (4) send, (5) head of the response ─► (6) pass it on ─► (7) return
///                                               ▲               │ fault                          │ fault before a byte of the response
///                                               └───────────────┴────────── may be sent again ◄──┘
/// </code>
/// A request may be sent again where the endpoint cannot have acted on it: the connect failed; or it was sent on a connection that had been
/// idle, nothing came back, and the method is idempotent and it has no body (RFC 9110 section 9.2.2); or, once and with whatever method, where an
/// endpoint of HTTP/2 says that it has not looked at it (RFC 9113 section 8.7), and no byte of the body was read.
/// </remarks>
internal sealed class Forwarder(Upstream upstream, TimeProvider time, HttpEngine engine) : HttpHandler
{
    /// <summary>A connection that was idle for longer may be closed by the endpoint at this very moment: a request that cannot be sent again does not take it.</summary>
    private const long FreshMs = 1000;

    private static readonly ImmutableArray<ApplicationProtocol> Http1Only = [ApplicationProtocol.Http1];

    private readonly UpstreamOptions _options = upstream.Options;
    private readonly bool _isHttp2 = MayBeHttp2(upstream);
    private readonly HashKeys _hashKeys = new(upstream.Options.Hash.On);
    private readonly ResponseMetrics _responses = upstream.Metrics.CountResponses();

    /// <summary>Whose endpoints they are.</summary>
    public Upstream Upstream => upstream;

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public override async ValueTask<Fault> HandleAsync(Exchange exchange)
    {
        if (_isHttp2 && exchange.Request.WantsWebSocket && _options.Protocol != UpstreamProtocol.Auto)
        {
            return new Fault(FaultSide.Internal, FaultKind.NotImplemented);
        }

        var work = exchange.Work ??= new ForwardWork();
        work.Begin();
        exchange.Upstream = upstream;
        exchange.Pending = work;
        var fault = exchange.GivenUp;
        var (attemptsBefore, answered) = (exchange.Attempts, 0);
        try
        {
            // :: (1)
            var hashKey = _hashKeys.Of(exchange);
            RequestFields.Prepare(exchange, _options);
            while (!fault.Failed)
            {
                // :: (2) and (3)
                fault = await ConnectAsync(exchange, work, hashKey);
                if (fault.Failed)
                {
                    break;
                }

                // :: (4) and (5)
                RequestFields.ForEndpoint(exchange, _options);
                fault = await work.Connection!.AskAsync(exchange, work, _options, time);
                if (!fault.Failed || !await PrepareAgainAsync(exchange, work, work.Connection!, fault))
                {
                    break;
                }

                work.Connection!.Close();
                work.Connection!.Release();
                work.Connection = null;
                work.Lease.Return(Fault.None);
                fault = Fault.None;
            }

            if (!fault.Failed)
            {
                // :: (6)
                answered = exchange.Response.Status;
                _responses.FirstByteTimes.Record(exchange.Loop.Index, time.GetElapsedTime(exchange.Connected, exchange.FirstByte));
                fault = await PassOnAsync(exchange, work, work.Connection!);
            }
        }
        finally
        {
            // :: (7)
            exchange.Pending = null;
            if (work.HasUpload)
            {
                await BodyCopier.EndUploadAsync(exchange, work);
            }

            work.Connection?.Close();
            work.Connection?.Release();
            work.Connection = null;
            work.Lease.Return(Judge(exchange, fault));
            _responses.Ended(exchange.Loop.Index, answered, exchange.Attempts - attemptsBefore);
        }

        return fault;
    }

    /// <summary>An endpoint that says that it cannot serve is held to that, be the exchange whole or not.</summary>
    private static Fault Judge(Exchange exchange, Fault fault) =>
        !fault.Failed && exchange.Response.Status is 502 or 503 or 504 ? new Fault(FaultSide.Upstream, FaultKind.BadStatus) : fault;

    private static bool MayAskAgain(Exchange exchange, ForwardWork work, AttemptCarrier connection, Fault fault) =>
        !work.GaveUp.Failed && exchange.FirstByte == 0 && fault.Kind is FaultKind.Reset or FaultKind.ResponseTruncated
        && !(connection.IsShared && work.HasAskedAgain)
        && (connection.IsUntouched ? exchange.RequestBody is null or { BytesRead: 0 }
            : connection.WasUsed && IsIdempotent(exchange.Request.Method) && exchange.RequestBody is null);

    /// <summary>Makes the exchange fit to be sent again, where it may be.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private static async ValueTask<bool> PrepareAgainAsync(Exchange exchange, ForwardWork work, AttemptCarrier connection, Fault fault)
    {
        if (!MayAskAgain(exchange, work, connection, fault))
        {
            return false;
        }

        work.HasAskedAgain = true;
        if (!work.HasUpload)
        {
            return true;
        }

        // The body was waited for, and has not come yet.
        await BodyCopier.EndUploadAsync(exchange, work);
        work.StopsUpload = work.AwaitsContinue = work.AwaitsBody = false;
        return exchange.RequestBody is { BytesRead: 0 } && !work.GaveUp.Failed;
    }

    private static bool IsIdempotent(RequestMethod method) =>
        method is RequestMethod.Get or RequestMethod.Head or RequestMethod.Put or RequestMethod.Delete or RequestMethod.Options or RequestMethod.Trace;

    /// <summary>Leases an endpoint and gets a connection to it, trying each endpoint at most once.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<Fault> ConnectAsync(Exchange exchange, ForwardWork work, ulong hashKey)
    {
        var last = new Fault(FaultSide.Upstream, FaultKind.NoEndpoint);
        while (true)
        {
            if (!LeaseSame(exchange, work) && !upstream.Lease(new PickContext(hashKey, work.Tried), out work.Lease))
            {
                var refusal = await WaitAsync(exchange, work, hashKey, last);
                if (refusal.Failed)
                {
                    return refusal;
                }
            }

            exchange.Attempts++;
            var endpoint = exchange.Endpoint = work.Lease.Endpoint;
            var began = exchange.Leased = time.GetTimestamp();
            var pool = engine.On(exchange.Loop).Upstreams.Of(endpoint, _responses);
            if (_isHttp2 && !pool.Sessions.SpeakHttp1 && !exchange.Request.WantsWebSocket)
            {
                var fault = await TakeStreamAsync(exchange, work, pool.Sessions);
                if (work.GaveUp.Failed || work.Connection is not null)
                {
                    return work.GaveUp;
                }

                if (fault.Failed)
                {
                    last = fault;
                    work.Tried = [.. work.Tried, endpoint];
                    work.Lease.Return(last);
                    continue;
                }
            }

            var replayable = IsIdempotent(exchange.Request.Method) && exchange.RequestBody is null;
            if (_options.SendProxyProtocol is null && pool.TryTake(replayable ? long.MaxValue : FreshMs) is { } idle)
            {
                work.Connection = idle;
                exchange.Connected = began;
                return Fault.None;
            }

            var connecting = ConnectAttempt.StartAsync(exchange.Loop, endpoint.Address, _options.Timeouts.Connect, out var underWay);
            work.Connecting = underWay;
            var result = await connecting;
            work.Connecting = null;
            if (upstream.Tls is { } tls && result.Socket is { } connected && !work.GaveUp.Failed)
            {
                result = await ShakeAsync(exchange, work, tls, connected, _options.Timeouts.Connect - time.GetElapsedTime(began));
            }

            exchange.Connected = time.GetTimestamp();
            var took = time.GetElapsedTime(began, exchange.Connected);
            if (work.GaveUp.Failed)
            {
                result.Socket?.Reset();
                return work.GaveUp;
            }

            if (result.Socket is { } socket)
            {
                endpoint.ConnectTimes.Record(exchange.Loop.Index, took);
                upstream.Metrics.ConnectTimes.Record(exchange.Loop.Index, took);
                work.Connection = new UpstreamConnection(new EpollConnection(socket, endpoint.Address), pool);
                return Fault.None;
            }

            last = result.Fault;
            work.Tried = [.. work.Tried, endpoint];
            work.Lease.Return(last);
        }
    }

    /// <summary>Takes a stream of a connection that is there, or waits for one that is opened; neither a stream nor a fault where the endpoint chose HTTP/1.1.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<Fault> TakeStreamAsync(Exchange exchange, ForwardWork work, Http2SessionPool sessions)
    {
        work.Connection = sessions.TryTake();
        if (work.Connection is not null)
        {
            exchange.Connected = exchange.Leased;
            return Fault.None;
        }

        var wait = work.Opening = sessions.Wait(upstream, time);
        var fault = await wait.EndAsync();
        work.Opening = null;
        work.Connection = wait.Stream;
        exchange.Connected = time.GetTimestamp();
        return fault;
    }

    /// <summary>Speaks TLS with the endpoint from here on. A PROXY header goes before it, in clear.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<ConnectResult> ShakeAsync(Exchange exchange, ForwardWork work, TlsOrigination tls, EpollSocket socket, TimeSpan timeout)
    {
        if (_options.SendProxyProtocol is { } version)
        {
            // The kernel takes a header whole: it is the first that it gets.
            socket.Send(ProxyPreamble.Write(version, exchange));
        }

        work.Shaking = socket;
        var fault = await tls.ShakeAsync(socket, work.Lease.Endpoint.Address, Http1Only, timeout);
        work.Shaking = null;
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
    private bool LeaseSame(Exchange exchange, ForwardWork work) =>
        work.Tried.Length == 0 && Affinity.Find(exchange, _options, upstream.View) is { } same && upstream.Lease(same, out work.Lease);

    /// <summary>Waits for room at an endpoint; the lease is taken when it returns <see cref="Fault.None"/>.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<Fault> WaitAsync(Exchange exchange, ForwardWork work, ulong hashKey, Fault last)
    {
        work.Waiting = upstream.Wait(exchange.Loop, hashKey, work.Tried);
        if (work.Waiting is not { } wait)
        {
            return last;
        }

        var fault = await wait.EndAsync();
        work.Waiting = null;
        if (!fault.Failed)
        {
            work.Lease = wait.Lease;
        }

        return work.GaveUp.Failed ? work.GaveUp : fault;
    }

    /// <summary>Passes the response on, whose head is there, and sees the request's body to its end.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<Fault> PassOnAsync(Exchange exchange, ForwardWork work, AttemptCarrier connection)
    {
        var response = exchange.Response;
        if (response.Status == 101)
        {
            return connection is UpstreamConnection tunnel
                ? await Upgrade.RunAsync(exchange, work, tunnel, _options.Timeouts.StreamIdle)
                : new Fault(FaultSide.Upstream, FaultKind.UpgradeInvalid);
        }

        ResponseFields.Prepare(exchange);
        Affinity.Set(exchange, _options);
        var between = _options.Timeouts.BetweenBytes;
        if (_options.Protocol == UpstreamProtocol.Grpc || GrpcCall.Is(response.Fields))
        {
            // A call may be a stream with long silences; what it may take in all is the caller's deadline, or the route's.
            between = _options.Timeouts.StreamIdle;
        }
        else if (EventStream.Is(response))
        {
            exchange.EndTimeout();
            between = _options.Timeouts.StreamIdle;
        }

        work.IsEarly = work.HasUpload && !work.UploadHasEnded && connection.IsEarly(response);
        exchange.StartResponse();
        connection.StartResponseBody(response);
        var fault = await BodyCopier.DownloadAsync(exchange, work, connection, between);
        exchange.SentBytes = exchange.Carrier.Body.BytesWritten;

        // An endpoint that answered without wanting the rest of the body could not tell where the next request begins.
        if (!fault.Failed && await BodyCopier.EndUploadAsync(exchange, work))
        {
            connection.Park(_options.Timeouts.PoolIdle, response.KeepsAlive && _options.SendProxyProtocol is null);
            work.Connection = null;
            connection.Release();
        }

        return fault;
    }
}

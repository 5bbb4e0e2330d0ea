using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Resilience;
using LoadBalancer.Http.Server;
using LoadBalancer.Telemetry;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// Passes exchanges on to an endpoint of one upstream. Immutable wiring, thread-safe; each exchange on its loop.
/// </summary>
/// <remarks>
/// <code>
///   exchange ─► (1) fields for the endpoint ─► (2) lease ─► (3) connection: idle or new ─► (4) send, (5) head of the response ─► (6) pass it on ─► (7) return
///                                               ▲               │ fault                          │ fault, or a status that asks for another try
///                                               └───────────────┴── the retry plan allows it ◄───┘
/// </code>
/// Each turn is an <see cref="Attempt"/>: it begins before its lease, and <see cref="EndAttempt"/> is where its outcome is known. An answer whose
/// status asks for another try is held, its body unread, until another attempt has a head: where none gets that far, it is the client's after all.
/// </remarks>
internal sealed partial class Forwarder(Upstream upstream, TimeProvider time, HttpEngine engine, RetryPlan retries) : HttpHandler
{
    /// <summary>The end of an attempt whose answer nobody waits for any more: no fault of its endpoint.</summary>
    internal static readonly Fault Unwanted = new(FaultSide.Client, FaultKind.ClientClosed);

    private readonly UpstreamOptions _options = upstream.Options;
    private readonly HashKeys _hashKeys = new(upstream.Options.Hash.On);
    private readonly ResponseMetrics _responses = upstream.Metrics.CountResponses();
    private readonly Connector _connector = new(upstream, time, engine, retries, upstream.Metrics.CountResponses());

    /// <summary>Whose endpoints they are.</summary>
    public Upstream Upstream => upstream;

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public override async ValueTask<Fault> HandleAsync(Exchange exchange)
    {
        if (_connector.IsHttp2 && exchange.Request.WantsWebSocket && _options.Protocol != UpstreamProtocol.Auto)
        {
            return new Fault(FaultSide.Internal, FaultKind.NotImplemented);
        }

        var work = exchange.Work ??= new ForwardWork(exchange.Loop);
        Begin(exchange, work);
        var fault = exchange.GivenUp;
        var answered = 0;
        try
        {
            // :: (1)
            var hashKey = _hashKeys.Of(exchange);
            RequestFields.Prepare(exchange, _options);
            if (upstream.Gate is { } gate && !fault.Failed && !Admission.TryEnter(work, gate))
            {
                fault = await Admission.WaitAsync(exchange, work, upstream, gate);
            }

            for (var goesOn = !fault.Failed; goesOn;)
            {
                // :: (2) and (3)
                var attempt = work.BeginAttempt(exchange);
                if (IsHedged(exchange, work))
                {
                    fault = await RaceAsync(exchange, work, attempt, hashKey);
                    attempt = work.Attempt!;
                }
                else
                {
                    fault = await _connector.ConnectAsync(exchange, work, attempt, hashKey);
                    if (!fault.Failed)
                    {
                        // :: (4) and (5)
                        fault = await AskAsync(exchange, work, attempt);
                    }
                }

                attempt.Answered();
                Tell(exchange, work, attempt);
                goesOn = (fault.Failed || retries.Watches(attempt.Response.Status)) && await TryAgainAsync(exchange, work, attempt, fault);
            }

            if (fault.Failed && work.Held is not null && !work.GaveUp.Failed)
            {
                fault = Resume(exchange, work, fault);
            }

            if (!fault.Failed)
            {
                // :: (6)
                answered = exchange.Response.Status;
                var took = time.GetElapsedTime(exchange.Connected, exchange.FirstByte);
                _responses.FirstByteTimes.Record(exchange.Loop.Index, took);
                Count(work, work.Attempt!);
                if (work.Held is { } worse)
                {
                    EndAttempt(exchange, work, worse, Fault.None);
                }

                fault = await PassOnAsync(exchange, work, work.Attempt!);
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

            if (work.Attempt is { } last)
            {
                EndAttempt(exchange, work, last, fault);
            }

            if (work.Rival is { } rival)
            {
                EndAttempt(exchange, work, rival, Unwanted);
            }

            if (work.Held is { } held)
            {
                EndAttempt(exchange, work, held, Fault.None);
            }

            Admission.Leave(exchange, work, answered, fault);
            work.EndKeeping(exchange);
            _responses.Ended(exchange.Loop.Index, answered);
        }

        return fault;
    }

    /// <summary>What the exchange says of its times and its endpoint is that of its last attempt that had one.</summary>
    private static void Tell(Exchange exchange, ForwardWork work, Attempt attempt)
    {
        if (attempt.Endpoint is not null)
        {
            exchange.Endpoint = attempt.Endpoint;
            (exchange.Leased, exchange.Connected, exchange.FirstByte) = (attempt.Leased, attempt.Connected, attempt.FirstByte);
            work.FirstByteSince = attempt.FirstByteSince;
        }
    }

    /// <summary>The one end of every attempt, whatever came of it.</summary>
    /// <param name="exchange">Whose attempt it was.</param>
    /// <param name="work">What it holds.</param>
    /// <param name="attempt">The attempt; nobody refers to it any more.</param>
    /// <param name="fault">Why it failed; <see cref="Fault.None"/> where it was answered, and where nothing can be said of its endpoint.</param>
    private static void EndAttempt(Exchange exchange, ForwardWork work, Attempt attempt, Fault fault)
    {
        var isRepeat = fault.IsOfEndpoint && attempt.Connection is { } last && last.IsOneOfMany();
        attempt.Connection?.Close();
        attempt.Connection?.Release();
        attempt.Connection = null;
        if (attempt.Endpoint is { } endpoint && (fault.Failed || attempt.IsBad))
        {
            exchange.Note(new FailedAttempt(endpoint.Label, fault, attempt.Response.Status, attempt.Leased, attempt.Connected, attempt.FirstByte, exchange.Proxy.Time.GetTimestamp()));
        }

        attempt.Return(fault, isRepeat);
        work.Return(exchange, attempt);
    }

    /// <summary>No other attempt has brought a better answer.</summary>
    private static Fault Resume(Exchange exchange, ForwardWork work, Fault fault)
    {
        EndAttempt(exchange, work, work.Attempt!, fault);
        Tell(exchange, work, work.Resume(exchange));
        return Fault.None;
    }

    private static AttemptStage StageOf(ForwardWork work, Attempt attempt, Fault fault)
    {
        if (attempt.Endpoint is null)
        {
            return AttemptStage.NoEndpoint;
        }

        if (attempt.Connection is not { } connection)
        {
            return AttemptStage.Unconnected;
        }

        // Once on a connection of HTTP/2, as the next attempt may have it too; one of HTTP/1.1 is a new one then.
        var isSilent = fault.Kind is FaultKind.Reset or FaultKind.ResponseTruncated && attempt.FirstByte == 0 && !(connection.IsShared && work.WasUnseen);
        return isSilent && connection.IsUntouched ? AttemptStage.Untouched
            : isSilent && connection.WasUsed ? AttemptStage.Stale
            : AttemptStage.Asked;
    }

    private void Begin(Exchange exchange, ForwardWork work)
    {
        work.Begin();
        exchange.Upstream = upstream;
        exchange.Pending = work;
        work.MayRepeat = !retries.IsOff && retries.MayRepeat(exchange.Request);
        if (exchange.RequestBody is { BytesRead: 0 } && (_connector.IsHttp2 || (work.MayRepeat && retries.IsBudgeting)) && retries.Buffer > 0
            && !(exchange.Request.Framing == BodyFraming.Length && exchange.Request.ContentLength > retries.Buffer))
        {
            work.Keep(exchange, retries.Buffer);
        }
    }

    // While the client sends, the endpoint has nothing to do.
    private void Count(ForwardWork work, Attempt attempt)
    {
        var began = Math.Max(attempt.Connected, work.BodyCame);
        attempt.Count(attempt.FirstByte > began ? time.GetElapsedTime(began, attempt.FirstByte) : TimeSpan.Zero);
    }

    private ValueTask<Fault> AskAsync(Exchange exchange, ForwardWork work, Attempt attempt)
    {
        RequestFields.ForEndpoint(exchange, attempt.Endpoint!, _options);
        return attempt.Connection!.AskAsync(exchange, work, attempt, _options, time);
    }

    /// <summary>After an attempt without an answer, or with one that asks for another try: makes the exchange fit for one, where it may have one.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<bool> TryAgainAsync(Exchange exchange, ForwardWork work, Attempt attempt, Fault fault)
    {
        var stage = StageOf(work, attempt, fault);
        var end = new AttemptEnd
        {
            Stage = stage,
            Fault = fault,
            Status = attempt.Response.Status,
            Tries = work.Tries + 1,
            MayRepeat = work.MayRepeat,
            CanReplay = work.CanReplay(exchange, wasAsked: stage >= AttemptStage.Stale),
            IsCommitted = work.IsCommitted || work.GaveUp.Failed,
        };
        var reason = retries.Judge(end);
        if (reason == RetryReason.None)
        {
            return false;
        }

        if (work.HasUpload)
        {
            // An answer that has not waited for the body is passed on: to stop sending would cost the connection that it comes on.
            if (fault.Failed)
            {
                await BodyCopier.EndUploadAsync(exchange, work);
            }
            else if (!work.UploadHasEnded)
            {
                return false;
            }
            else
            {
                attempt.SentWhole = await work.EndUploadAsync();
            }

            if (work.GaveUp.Failed || !work.CanReplay(exchange, wasAsked: stage >= AttemptStage.Stale))
            {
                return false;
            }
        }

        work.Rewind();
        work.Reason = reason;
        if (reason == RetryReason.Unseen)
        {
            work.WasUnseen = true;
        }
        else
        {
            work.Tries++;
            work.Last = fault.Failed ? fault : new Fault(FaultSide.Upstream, FaultKind.BadStatus);
            work.Leave(attempt.Endpoint!);
        }

        if (reason == RetryReason.Status)
        {
            // It has answered, whether that is passed on or not.
            Count(work, attempt);
            if (work.Held is { } before)
            {
                EndAttempt(exchange, work, before, Fault.None);
            }

            work.Hold(exchange);
        }
        else
        {
            attempt.Response.Reset();
            EndAttempt(exchange, work, attempt, reason == RetryReason.Unseen ? Fault.None : fault);
        }

        return true;
    }

    /// <summary>Passes the response on, whose head is there, and sees the request's body to its end.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<Fault> PassOnAsync(Exchange exchange, ForwardWork work, Attempt attempt)
    {
        var connection = attempt.Connection!;
        var response = exchange.Response;
        work.StopKeeping();
        if (work.Gate is not null && Admission.EndsWithHead(exchange, _options))
        {
            Admission.Leave(exchange, work, response.Status, Fault.None);
        }

        if (response.Status == 101)
        {
            return connection is UpstreamConnection tunnel
                ? await Upgrade.RunAsync(exchange, work, tunnel, _options.Timeouts.StreamIdle)
                : new Fault(FaultSide.Upstream, FaultKind.UpgradeInvalid);
        }

        ResponseFields.Prepare(response);
        Affinity.Set(exchange, _options);
        var between = _options.Timeouts.BetweenBytes;
        if (_options.Protocol == UpstreamProtocol.Grpc || GrpcCall.MayStream(response.Fields))
        {
            // A call may be a stream with long silences; what it may take in all is the caller's deadline, or the route's.
            between = _options.Timeouts.StreamIdle;
        }
        else if (EventStream.Is(response))
        {
            exchange.EndTimeout();
            between = _options.Timeouts.StreamIdle;
        }

        if (exchange.Caching is { } caching && caching.Withholds(response))
        {
            return await WithholdAsync(exchange, work, attempt, between);
        }

        work.IsEarly = work.HasUpload && !work.UploadHasEnded && connection.IsEarly(response);
        exchange.StartResponse();
        if (!exchange.Carrier.TakesBody && response.Framing != BodyFraming.None && !(response.Framing == BodyFraming.Length && response.ContentLength <= BodyCopier.MostUnflushed))
        {
            // It may have no end, and nobody is there to leave.
            return Unwanted;
        }

        connection.StartResponseBody(response);
        var fault = await BodyCopier.DownloadAsync(exchange, work, connection, between);
        exchange.SentBytes = exchange.Carrier.Body.BytesWritten;
        await ParkAsync(exchange, work, attempt, fault);
        return fault;
    }

    /// <summary>The client gets what is kept in place of this answer: of an error nothing more is read, and a 304 has nothing more.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<Fault> WithholdAsync(Exchange exchange, ForwardWork work, Attempt attempt, TimeSpan between)
    {
        if (exchange.Response.Status != 304)
        {
            EndAttempt(exchange, work, attempt, Fault.None);
            return new Fault(FaultSide.Upstream, FaultKind.BadStatus);
        }

        attempt.Connection!.StartResponseBody(exchange.Response);
        var fault = await BodyCopier.DropAsync(work, attempt.Connection, between);
        await ParkAsync(exchange, work, attempt, fault);
        return fault;
    }

    /// <summary>Keeps the connection of an attempt for the next one, where both messages were whole.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder))]
    private async ValueTask ParkAsync(Exchange exchange, ForwardWork work, Attempt attempt, Fault fault)
    {
        // An endpoint that answered without wanting the rest of the body could not tell where the next request begins.
        if (!fault.Failed && await BodyCopier.EndUploadAsync(exchange, work) && attempt.SentWhole)
        {
            var connection = attempt.Connection!;
            connection.Park(_options.Timeouts.PoolIdle, exchange.Response.KeepsAlive && _options.SendProxyProtocol is null);
            attempt.Connection = null;
            connection.Release();
        }
    }
}

using System.Buffers;
using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding;

/// <summary>Copies bodies between a client and an endpoint, both ways at once where they want it. Each exchange on its loop.</summary>
internal static class BodyCopier
{
    /// <summary>What is written before it is sent: as much as one read takes.</summary>
    public const int MostUnflushed = 64 * 1024;

    /// <summary>How long an endpoint of HTTP/2 has to end its stream, once its response is whole.</summary>
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(1);

    /// <summary>Copies the response's body. Sent at once whenever the endpoint has no more for the moment: an event must not wait for the next.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public static async ValueTask<Fault> DownloadAsync(Exchange exchange, ForwardWork work, AttemptCarrier connection, TimeSpan between)
    {
        var (from, to) = (connection.ResponseBody, exchange.Carrier.Body);
        connection.Expect(between, FaultKind.BetweenBytesTimeout);
        await connection.GatherAsync();
        while (true)
        {
            if (!from.TryRead(out var part))
            {
                if (to.Unflushed > 0 && !await exchange.FlushAsync())
                {
                    return Gone(work);
                }

                connection.Expect(IsWhole(exchange, to) && EndPatience < between ? EndPatience : between, FaultKind.BetweenBytesTimeout);
                part = await from.ReadAsync();
            }

            if (work.GaveUp.Failed)
            {
                return work.GaveUp;
            }

            if (part.Fault != FaultKind.None && IsWhole(exchange, to))
            {
                // The client, who has all of it, may have sent its next request: it loses nothing by how the endpoint ends.
                exchange.Caching?.End();
                to.End(trailers: null);
                return await exchange.FlushAsync() ? Fault.None : Gone(work);
            }

            if (part.Fault != FaultKind.None)
            {
                // What came before is the client's all the same.
                await exchange.FlushAsync();
                return connection.TimedOut != FaultKind.None ? new Fault(FaultSide.Upstream, connection.TimedOut) : new Fault(FaultSide.Upstream, part.Fault);
            }

            exchange.Caching?.Write(part.Data);
            if (exchange.ResponsePace is not { } pace)
            {
                to.Write(part.Data);
            }
            else if (!await WriteAsync(pace, part.Data, exchange, work, connection, isUpload: false))
            {
                from.Advance();
                return Gone(work);
            }

            from.Advance();
            if (part.IsLast)
            {
                connection.Relax();
                if (connection.WasCutOff)
                {
                    await exchange.FlushAsync();
                    return new Fault(FaultSide.Upstream, FaultKind.ResponseTruncated);
                }

                exchange.Caching?.End();
                exchange.GrpcStatus = GrpcCall.StatusOf(exchange.Response.Fields, from.Trailers);
                to.End(TakesTrailers(exchange) ? from.Trailers : null);
                return await exchange.FlushAsync() ? Fault.None : Gone(work);
            }

            if (to.Unflushed >= MostUnflushed)
            {
                // A client that is slow to take is no fault of the endpoint.
                connection.Relax();
                if (!await exchange.FlushAsync())
                {
                    return Gone(work);
                }
            }
        }
    }

    /// <summary>Reads a body to its end that nobody gets.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public static async ValueTask<Fault> DropAsync(ForwardWork work, AttemptCarrier connection, TimeSpan between)
    {
        var from = connection.ResponseBody;
        while (true)
        {
            connection.Expect(between, FaultKind.BetweenBytesTimeout);
            if (!from.TryRead(out var part))
            {
                part = await from.ReadAsync();
            }

            if (work.GaveUp.Failed)
            {
                return work.GaveUp;
            }

            if (part.Fault != FaultKind.None)
            {
                return new Fault(FaultSide.Upstream, connection.TimedOut != FaultKind.None ? connection.TimedOut : part.Fault);
            }

            from.Advance();
            if (part.IsLast)
            {
                connection.Relax();
                return connection.WasCutOff ? new Fault(FaultSide.Upstream, FaultKind.ResponseTruncated) : Fault.None;
            }
        }
    }

    /// <summary>Ends the upload, where it has not ended by itself. What the client still sends is left to be read away.</summary>
    /// <returns>True where all of the request's body was sent.</returns>
    public static ValueTask<bool> EndUploadAsync(Exchange exchange, ForwardWork work)
    {
        if (work.HasUpload && !work.UploadHasEnded)
        {
            work.StopsUpload = true;
            work.Attempt?.Connection?.Close();
            exchange.RequestBody!.Interrupt();
            exchange.RequestPace?.Interrupt();
        }

        return work.EndUploadAsync();
    }

    /// <summary>Copies the request's body; its own faults end the attempt.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="work">What it holds.</param>
    /// <param name="connection">The way to the endpoint.</param>
    /// <param name="timeouts">Those of the upstream.</param>
    /// <param name="time">The clock of durations.</param>
    /// <returns>True where all of it was sent.</returns>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public static async ValueTask<bool> UploadAsync(Exchange exchange, ForwardWork work, AttemptCarrier connection, UpstreamTimeouts timeouts, TimeProvider time)
    {
        var (from, to) = (exchange.RequestBody!, connection.RequestBody);

        // A call may be a stream of which either side says nothing for long: only the silence of both is bounded.
        var isCall = GrpcCall.Is(exchange.Request.Fields);
        while (true)
        {
            if (!from.TryRead(out var part))
            {
                if (!await to.FlushAsync())
                {
                    return false;
                }

                if (isCall)
                {
                    connection.Expect(timeouts.StreamIdle, work.IsAnswered ? FaultKind.BetweenBytesTimeout : FaultKind.FirstByteTimeout);
                }
                else if (!work.AwaitsContinue)
                {
                    exchange.Carrier.ExpectBody();
                    if (!work.IsAnswered)
                    {
                        // The endpoint's time to answer begins when it has the request, not while the client sends it.
                        connection.Relax();
                    }
                }

                work.AwaitsBody = true;
                part = await from.ReadAsync();
                exchange.Carrier.BodyCame();
                exchange.ClientCame = work.BodyCame = time.GetTimestamp();
                work.AwaitsBody = work.AwaitsContinue = false;
                if (work.StopsUpload)
                {
                    return false;
                }
            }

            exchange.ReceivedBytes = from.BytesRead;
            if (!work.IsAnswered)
            {
                connection.Expect(timeouts.FirstByte, FaultKind.FirstByteTimeout);
            }

            if (part.Fault != FaultKind.None)
            {
                work.GiveUp(exchange.GivenUp.Failed ? exchange.GivenUp : new Fault(FaultSide.Client, part.Fault));
                return false;
            }

            if (exchange.RequestPace is not { } pace || work.IsReplaying)
            {
                to.Write(part.Data);
            }
            else if (!await WriteAsync(pace, part.Data, exchange, work, connection, isUpload: true))
            {
                from.Advance();
                return false;
            }

            from.Advance();
            if (part.IsLast)
            {
                if (from.Trailers is { } trailers)
                {
                    // Whoever merges trailers into the head must not find there who calls.
                    exchange.Proxy.IdentityFields?.Remove(trailers);
                }

                to.End(from.Trailers);
                return await to.FlushAsync();
            }

            if (to.Unflushed >= MostUnflushed && !await to.FlushAsync())
            {
                return false;
            }
        }
    }

    /// <summary>Writes a part piece by piece, as the caller's bandwidth lets them pass. What was written is sent before each wait; the rest stays where it is.</summary>
    /// <returns>False where nobody wants the rest.</returns>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private static async ValueTask<bool> WriteAsync(BodyPace pace, ReadOnlySequence<byte> data, Exchange exchange, ForwardWork work, AttemptCarrier connection, bool isUpload)
    {
        var to = isUpload ? connection.RequestBody : exchange.Carrier.Body;
        while (!data.IsEmpty)
        {
            var piece = data.Slice(0, Math.Min(data.Length, pace.Piece));
            if (!pace.TryTake((int)piece.Length))
            {
                if (!isUpload)
                {
                    // A client that is slow to take is no fault of the endpoint.
                    connection.Relax();
                }

                // An endpoint that is slow to take is one: its time runs on, and stands still for the turn alone.
                if (!await (isUpload ? to.FlushAsync() : exchange.FlushAsync()) || IsUnwanted(exchange, work, isUpload))
                {
                    return false;
                }

                connection.Hold();
                if (isUpload)
                {
                    exchange.Carrier.StandAside();
                    work.AwaitsBody = true;
                }
                else
                {
                    exchange.HoldResponse();
                }

                var goesOn = await pace.WaitAsync() && !IsUnwanted(exchange, work, isUpload);
                connection.Unhold();
                if (isUpload)
                {
                    work.AwaitsBody = false;
                    exchange.ClientCame = work.BodyCame = exchange.Proxy.Time.GetTimestamp();
                }
                else
                {
                    exchange.UnholdResponse();
                }

                if (!goesOn)
                {
                    return false;
                }
            }

            to.Write(piece);
            data = data.Slice(piece.End);
        }

        return true;
    }

    private static bool IsUnwanted(Exchange exchange, ForwardWork work, bool isUpload) => exchange.GivenUp.Failed || (isUpload && work.StopsUpload);

    // True where a client of this version can tell that it has all of the response, although the endpoint's stream has not ended.
    private static bool IsWhole(Exchange exchange, BodyWriter to) => exchange.Response.Version == ProtocolVersion.Http2
        && (exchange.Response.Framing == BodyFraming.None
            || (exchange.Response.Framing == BodyFraming.Length && exchange.Request.Version != ProtocolVersion.Http2 && to.BytesWritten == exchange.Response.ContentLength));

    // An endpoint of HTTP/2 sends trailers unasked; a client of HTTP/1.1 may not expect any (RFC 9110 section 6.5.1).
    private static bool TakesTrailers(Exchange exchange) =>
        exchange.Response.Version != ProtocolVersion.Http2 || exchange.Request.Version == ProtocolVersion.Http2 || exchange.Request.Fields.MayHave(KnownHeader.Te);

    private static Fault Gone(ForwardWork work) => work.GaveUp.Failed ? work.GaveUp : new Fault(FaultSide.Client, FaultKind.ClientClosed);
}

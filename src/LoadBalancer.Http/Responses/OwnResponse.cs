using System.Buffers;
using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Responses;

/// <summary>Sends a response of lb's own: <see cref="Exchange.Response"/> with <see cref="Exchange.OwnBody"/>, or with the <see cref="Exchange.StoredBody"/> that was kept.</summary>
internal static class OwnResponse
{
    /// <summary>What is written without asking whether the client takes it, in bytes: as much as of a forwarded body.</summary>
    private const int MostAtOnce = CachedResponse.LongBody;

    /// <summary>Sends it, after the route's policies have seen its head.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public static async ValueTask<Fault> SendAsync(Exchange exchange)
    {
        var response = exchange.Response;
        response.Framing = BodyFraming.Length;
        var body = exchange.StoredBody.IsEmpty ? new ReadOnlySequence<byte>(exchange.OwnBody) : exchange.StoredBody;
        response.ContentLength = body.Length;
        if (response.Status is 204 or 304)
        {
            response.Framing = BodyFraming.None;
        }

        exchange.StartResponse();
        if (exchange.Request.Method != RequestMethod.Head && response.Framing == BodyFraming.Length)
        {
            if (exchange.StoredBody.IsEmpty || (body.Length <= MostAtOnce && exchange.ResponsePace is null))
            {
                exchange.Carrier.Body.Write(body);
            }
            else if (!await WritePiecesAsync(exchange, body))
            {
                exchange.SentBytes = exchange.Carrier.Body.BytesWritten;
                return exchange.GivenUp.Failed ? exchange.GivenUp : new Fault(FaultSide.Client, FaultKind.ClientClosed);
            }
        }

        exchange.Carrier.Body.End(null);
        exchange.SentBytes = exchange.Carrier.Body.BytesWritten;
        return await exchange.FlushAsync() ? Fault.None : new Fault(FaultSide.Client, FaultKind.ClientClosed);
    }

    // A client that is slow to take has one piece waiting, and not the whole body; and what was kept is paced as what an endpoint sends.
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private static async ValueTask<bool> WritePiecesAsync(Exchange exchange, ReadOnlySequence<byte> body)
    {
        var pace = exchange.ResponsePace;
        while (!body.IsEmpty)
        {
            var piece = body.Slice(0, Math.Min(body.FirstSpan.Length, pace?.Piece ?? int.MaxValue));
            if (pace is not null && !pace.TryTake((int)piece.Length) && (!await exchange.FlushAsync() || exchange.GivenUp.Failed || !await pace.WaitAsync() || exchange.GivenUp.Failed))
            {
                return false;
            }

            exchange.Carrier.Body.Write(piece);
            if (!await exchange.FlushAsync() || exchange.GivenUp.Failed)
            {
                return false;
            }

            body = body.Slice(piece.End);
        }

        return true;
    }
}

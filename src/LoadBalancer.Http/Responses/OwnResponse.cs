using System.Buffers;
using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Responses;

/// <summary>Sends a response of lb's own: <see cref="Exchange.Response"/> with <see cref="Exchange.OwnBody"/>.</summary>
internal static class OwnResponse
{
    /// <summary>Sends it, after the route's policies have seen its head.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public static async ValueTask<Fault> SendAsync(Exchange exchange)
    {
        var response = exchange.Response;
        response.Framing = BodyFraming.Length;
        response.ContentLength = exchange.OwnBody.Length;
        if (response.Status is 204 or 304)
        {
            response.Framing = BodyFraming.None;
        }

        exchange.StartResponse();
        if (exchange.Request.Method != RequestMethod.Head && response.Framing == BodyFraming.Length)
        {
            exchange.Carrier.Body.Write(new ReadOnlySequence<byte>(exchange.OwnBody));
        }

        exchange.Carrier.Body.End(null);
        exchange.SentBytes = exchange.Carrier.Body.BytesWritten;
        return await exchange.FlushAsync() ? Fault.None : new Fault(FaultSide.Client, FaultKind.ClientClosed);
    }
}

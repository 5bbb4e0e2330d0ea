using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// A WebSocket (RFC 6455) after the endpoint agreed: bytes both ways, as they are, until both sides have finished. Nothing else is
/// tunnelled: the client asked for a WebSocket, and the endpoint proved that it understood (W1).
/// </summary>
internal static class Upgrade
{
    /// <summary>Passes the 101 on, and then the bytes.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public static async ValueTask<Fault> RunAsync(Exchange exchange, ForwardWork work, UpstreamConnection connection, TimeSpan idle)
    {
        if (!exchange.Request.WantsWebSocket || !WebSocketHandshake.Accepts(exchange.Request, exchange.Response))
        {
            return new Fault(FaultSide.Upstream, FaultKind.UpgradeInvalid);
        }

        exchange.EndTimeout();
        ResponseFields.Prepare(exchange);
        exchange.StartResponse();
        if (exchange.Carrier.TakeOver() is not { } client)
        {
            return new Fault(FaultSide.Internal, FaultKind.NotImplemented);
        }

        if ((await client.Output.FlushAsync()).IsCompleted)
        {
            return new Fault(FaultSide.Client, FaultKind.ClientClosed);
        }

        connection.Tunnel = exchange.Carrier;
        var up = PumpAsync(client.Input, connection.Output, connection, idle);
        var down = await PumpAsync(connection.Input, client.Output, connection, idle);
        var sent = await up;
        connection.Tunnel = null;
        exchange.ReceivedBytes += sent;
        exchange.SentBytes += down;
        return work.GaveUp.Failed ? work.GaveUp
            : connection.TimedOut != FaultKind.None ? new Fault(FaultSide.Client, FaultKind.IdleTimeout)
            : Fault.None;
    }

    /// <summary>Copies one direction to its end, and passes the end on.</summary>
    /// <returns>How many bytes.</returns>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private static async ValueTask<long> PumpAsync(PipeReader from, PipeWriter to, UpstreamConnection connection, TimeSpan idle)
    {
        var copied = 0L;
        while (true)
        {
            connection.Expect(idle, FaultKind.IdleTimeout);
            var read = await from.ReadAsync();
            foreach (var piece in read.Buffer)
            {
                piece.Span.CopyTo(to.GetSpan(piece.Length));
                to.Advance(piece.Length);
            }

            copied += read.Buffer.Length;
            from.AdvanceTo(read.Buffer.End);
            var flush = await to.FlushAsync();
            if (flush.IsCompleted || from is LoopPipeReader { Fault: not FaultKind.None })
            {
                // One side is gone, and not in order: so is the tunnel.
                connection.Abort();
                return copied;
            }

            if (read.IsCompleted)
            {
                to.Complete();
                return copied;
            }
        }
    }
}

using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// The agreement of an endpoint to a WebSocket (RFC 6455), behind which bytes go both ways (<see cref="Tunnel"/>). Nothing else is tunnelled:
/// the client asked for a WebSocket, and the endpoint proved that it understood (W1).
/// </summary>
internal static class Upgrade
{
    /// <summary>The latest second that a calendar has, in seconds since 1970.</summary>
    private static readonly long LatestEnd = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    /// <summary>Passes the 101 on, and then the bytes.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public static async ValueTask<Fault> RunAsync(Exchange exchange, ForwardWork work, UpstreamConnection connection, TimeSpan idle)
    {
        if (!exchange.Request.WantsWebSocket || !WebSocketHandshake.Accepts(exchange.Request, exchange.Response))
        {
            return new Fault(FaultSide.Upstream, FaultKind.UpgradeInvalid);
        }

        exchange.EndTimeout();
        ResponseFields.Prepare(exchange.Response);
        exchange.StartResponse();
        if (exchange.Carrier.TakeOver() is not { } client)
        {
            return new Fault(FaultSide.Internal, FaultKind.NotImplemented);
        }

        if ((await client.Output.FlushAsync()).IsCompleted)
        {
            return new Fault(FaultSide.Client, FaultKind.ClientClosed);
        }

        var tunnel = work.Tunnel = new Tunnel(exchange.Carrier, client, work, connection, idle, exchange.Loop)
        {
            RequestPace = exchange.RequestPace,
            ResponsePace = exchange.ResponsePace,
        };
        if (exchange.Carrier.EndsAfter is { } turn)
        {
            // The connection is being drained already.
            tunnel.EndAfter(turn);
        }
        else if (exchange is { Retirement: not null } or { Endpoint.IsWithdrawn: true })
        {
            // Its route or its endpoint is: all others have been told, and this one was on its way.
            tunnel.EndAfter(TimeSpan.Zero);
        }

        if (exchange.TunnelEndsAt != long.MaxValue)
        {
            tunnel.ExpireAfter(DateTimeOffset.FromUnixTimeSeconds(Math.Min(exchange.TunnelEndsAt, LatestEnd)) - exchange.Proxy.Time.GetUtcNow());
        }

        var fault = await tunnel.RunAsync();
        work.Tunnel = null;
        exchange.ReceivedBytes += tunnel.Received;
        exchange.SentBytes += tunnel.Sent;
        if (tunnel.HasExpired)
        {
            exchange.Fault = new Fault(FaultSide.Client, FaultKind.IdentityExpired);
            return Fault.None;
        }

        if (tunnel.IsClosing)
        {
            // Whoever of the two went first after that: this is why.
            exchange.Fault = new Fault(FaultSide.Internal, FaultKind.Drained);
            return Fault.None;
        }

        if (!fault.Failed && tunnel.WasLeft)
        {
            // For the log alone: many endpoints never send a Close frame, and none is worse for that.
            exchange.Fault = new Fault(FaultSide.Upstream, FaultKind.EndpointClosed);
        }

        return fault;
    }
}

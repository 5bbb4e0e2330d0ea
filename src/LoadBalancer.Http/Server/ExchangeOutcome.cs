using LoadBalancer.Faults;
using LoadBalancer.Http.Forwarding;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Telemetry;

namespace LoadBalancer.Http.Server;

/// <summary>
/// What an exchange that has ended says of the configuration that served it. That is not always what its line in the log says: a call of gRPC that
/// failed has the status 200, and so has a response that broke off; and how long a WebSocket lasted is its two sides' own affair.
/// </summary>
internal static class ExchangeOutcome
{
    /// <summary>Counts <paramref name="exchange"/>, of which nothing is forgotten yet, where requests of its route are compared with those before. On its loop.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="time">The clock that its times are of.</param>
    /// <param name="total">From the first byte of its head to the end of its response.</param>
    public static void Count(Exchange exchange, TimeProvider time, TimeSpan total)
    {
        if (exchange.Route?.Metrics is { } metrics && exchange.Began >= metrics.ComparedSince)
        {
            metrics.Compared(exchange.Loop.Index, StatusOf(exchange), TimeOf(exchange, time, total));
        }
    }

    /// <summary>The status that it is judged by: that of its fault where it failed after a response had begun, and of a call of gRPC what its own status means.</summary>
    internal static int StatusOf(Exchange exchange)
    {
        var status = ExchangeStatus.Of(exchange);
        if (status is < 200 or > 299 || exchange.Request.WantsWebSocket)
        {
            return status;
        }

        if (!exchange.Fault.Failed)
        {
            return (exchange.GrpcStatus ?? GrpcCall.StatusOf(exchange.Response.Fields, null)) is { } code ? GrpcCall.HttpStatusOf(code) : status;
        }

        // A reload itself drains; and a client that left says nothing, but that a call which lb refused by the client's fault has 200 too.
        var meant = FaultResponse.Status(exchange.Fault.Kind);
        return exchange.Fault.Side == FaultSide.Client ? (GrpcCall.Is(exchange.Request.Fields) && meant < 500 ? meant : status)
            : exchange.Fault.Kind == FaultKind.Drained ? status
            : meant;
    }

    /// <summary>The time that it is judged by: of what lasts as long as it likes (a WebSocket, an event stream, a call of gRPC), until its response began.</summary>
    internal static TimeSpan TimeOf(Exchange exchange, TimeProvider time, TimeSpan total) =>
        exchange.FirstByte != 0 && (exchange.Request.WantsWebSocket || EventStream.Is(exchange.Response) || GrpcCall.Is(exchange.Response.Fields))
            ? time.GetElapsedTime(exchange.Began, exchange.FirstByte)
            : total;
}

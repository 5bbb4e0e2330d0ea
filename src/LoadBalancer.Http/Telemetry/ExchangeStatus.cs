using LoadBalancer.Faults;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Telemetry;

/// <summary>The status that logs and metrics say of an exchange that has ended.</summary>
internal static class ExchangeStatus
{
    /// <summary>The client did not stay for its response: nobody is sent this, it is the word of logs since nginx.</summary>
    public const int ClientClosed = 499;

    /// <summary>What the client was sent; <see cref="ClientClosed"/> where it was gone before, and 500 where lb broke off before it sent any.</summary>
    public static int Of(Exchange exchange) =>
        exchange.Carrier.HasStarted ? exchange.Response.Status
        : exchange.Fault.Failed && exchange.Fault.Side == FaultSide.Client ? ClientClosed
        : 500;
}

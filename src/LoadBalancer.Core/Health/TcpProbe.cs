using System.Net;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer.Health;

/// <summary>
/// The probe <c>type: tcp</c>: an endpoint that takes a connection is healthy. Not a byte is sent, and the connection is
/// closed, not reset: servers log a reset as an error, every few seconds, for ever.
/// </summary>
/// <param name="connections">The way out.</param>
internal sealed class TcpProbe(IConnectionFactory connections) : Probe
{
    /// <inheritdoc/>
    public override async ValueTask<ProbeAnswer> AskAsync(EndPoint address, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await connections.ConnectAsync(address, cancellation);
            return new ProbeAnswer(Passed: true, "connected");
        }
        catch (ConnectFailedException e)
        {
            // The reason codes of traffic, so that a log reads the same for both.
            return new ProbeAnswer(e.Fault.Side == FaultSide.Upstream ? false : null, e.Fault.Reason);
        }
    }
}

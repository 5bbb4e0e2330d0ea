using System.Net;
using System.Net.Sockets;
using LoadBalancer.Faults;
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
        catch (SocketException e)
        {
            return new ProbeAnswer(Passed: false, Reason(e.SocketErrorCode));
        }
    }

    /// <summary>The reason codes of traffic, so that a log reads the same for both; the system's word for the rest.</summary>
    private static string Reason(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => new Fault(FaultSide.Upstream, FaultKind.ConnectRefused).Reason,
        SocketError.TimedOut => new Fault(FaultSide.Upstream, FaultKind.ConnectTimeout).Reason,
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.NetworkDown =>
            new Fault(FaultSide.Upstream, FaultKind.ConnectUnreachable).Reason,
        SocketError.ConnectionReset => new Fault(FaultSide.Upstream, FaultKind.Reset).Reason,
        _ => error.ToString(),
    };
}

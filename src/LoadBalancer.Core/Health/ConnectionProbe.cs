using System.Net;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer.Health;

/// <summary>
/// A probe that connects and then says something: opens the connection, tells what went wrong with it, and closes it
/// whatever happens, so that an endpoint which never answers holds one connection at most, until the deadline.
/// </summary>
/// <param name="connector">The way to the endpoint.</param>
internal abstract class ConnectionProbe(ProbeConnector connector) : Probe
{
    /// <inheritdoc/>
    public sealed override async ValueTask<ProbeAnswer> AskAsync(EndPoint address, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var connected = false;
        try
        {
            await using var connection = await connector.ConnectAsync(address, cancellation);
            connected = true;
            return await ConverseAsync(connection, address, cancellation);
        }
        catch (ProbeFailedException e)
        {
            return e.Answer;
        }
        catch (ConnectFailedException e)
        {
            // The reason codes of traffic, so that a log reads the same for both.
            return new ProbeAnswer(ResultOf(e.Fault), e.Fault.Reason);
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            // Whatever came of it: it came because the time was over.
            return connected
                ? new ProbeAnswer(ProbeResult.NoAnswer, "connected, but no answer", IsLate: true)
                : new ProbeAnswer(ProbeResult.ConnectTimeout, "no connection", IsLate: true);
        }
        catch (ConnectionResetException)
        {
            return new ProbeAnswer(ProbeResult.Reset, "connected, then reset");
        }
    }

    /// <summary>The answer of an endpoint that took the connection. What it throws is a failed probe.</summary>
    /// <param name="connection">The connection, which the caller closes.</param>
    /// <param name="address">The endpoint's address, as the file has it.</param>
    /// <param name="cancellation">The deadline.</param>
    protected abstract ValueTask<ProbeAnswer> ConverseAsync(ConnectionContext connection, EndPoint address, CancellationToken cancellation);

    private static ProbeResult ResultOf(Fault fault) => fault switch
    {
        { Side: not FaultSide.Upstream } => ProbeResult.OutOfResources,
        { Kind: FaultKind.ConnectTimeout } => ProbeResult.ConnectTimeout,
        { Kind: FaultKind.ConnectUnreachable } => ProbeResult.ConnectUnreachable,
        _ => ProbeResult.ConnectRefused,
    };
}

using System.Net;
using LoadBalancer.Endpoints;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer.Health;

/// <summary>
/// The probe <c>type: tcp</c>: an endpoint that takes a connection is healthy. Not a byte is sent, and the connection is
/// closed, not reset: servers log a reset as an error, every few seconds, for ever.
/// </summary>
/// <param name="connector">The way to the endpoint.</param>
internal sealed class TcpProbe(ProbeConnector connector) : ConnectionProbe(connector)
{
    /// <inheritdoc/>
    protected override ValueTask<ProbeAnswer> ConverseAsync(ConnectionContext connection, EndPoint address, CancellationToken cancellation) =>
        ValueTask.FromResult(new ProbeAnswer(ProbeResult.Passed, "connected"));
}

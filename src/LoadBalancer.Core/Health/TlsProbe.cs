using System.Net;
using LoadBalancer.Endpoints;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer.Health;

/// <summary>
/// The probe <c>type: tls</c>: an endpoint that completes a TLS handshake is healthy. Its certificate is looked at where
/// <see cref="ProbeTlsOptions"/> say so. Nothing is sent over the connection but its orderly end.
/// </summary>
/// <param name="connector">The way to the endpoint.</param>
/// <param name="handshake">How TLS is agreed on.</param>
internal sealed class TlsProbe(ProbeConnector connector, ProbeHandshake handshake) : ConnectionProbe(connector)
{
    /// <inheritdoc/>
    protected override async ValueTask<ProbeAnswer> ConverseAsync(ConnectionContext connection, EndPoint address, CancellationToken cancellation)
    {
        await using var transport = new DuplexPipeStream(connection.Transport);
        await using var stream = await handshake.ShakeAsync(transport, address, protocol: null, cancellation);
        await stream.ShutdownAsync().WaitAsync(cancellation);
        return new ProbeAnswer(ProbeResult.Passed, handshake.Verifies ? "tls: certificate accepted" : "tls: handshake completed");
    }
}

using System.Net;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer.Connections.ProxyProtocol;

/// <summary>
/// Connections of our own to endpoints that want a PROXY header first, as probes need them: each begins with one that says
/// so (v2 LOCAL, v1 UNKNOWN). Thread-safe.
/// </summary>
/// <param name="connections">Makes the connections.</param>
/// <param name="version">The version that the endpoints want.</param>
internal sealed class LocalHeaderConnections(IConnectionFactory connections, ProxyVersion version) : IConnectionFactory
{
    /// <inheritdoc/>
    public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var connection = await connections.ConnectAsync(endpoint, cancellationToken);
        try
        {
            var output = connection.Transport.Output;
            output.Advance(ProxyHeaderWriter.WriteLocal(version, output.GetSpan(BinaryProxyHeader.FixedBytes)));
            await output.FlushAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}

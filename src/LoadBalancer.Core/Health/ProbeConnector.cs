using System.Net;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer.Health;

/// <summary>
/// Where a probe gets its connection: the one place that knows how a probe's connection differs from the traffic's.
/// Thread-safe.
/// </summary>
/// <param name="connections">The way out.</param>
/// <param name="port">The port that is probed; null is the endpoint's own.</param>
internal sealed class ProbeConnector(IConnectionFactory connections, int? port)
{
    /// <summary>A connection to the endpoint at <paramref name="address"/>, or to the probed port beside it.</summary>
    public ValueTask<ConnectionContext> ConnectAsync(EndPoint address, CancellationToken cancellation) =>
        connections.ConnectAsync(port is { } other && address is IPEndPoint ip ? new IPEndPoint(ip.Address, other) : address, cancellation);
}

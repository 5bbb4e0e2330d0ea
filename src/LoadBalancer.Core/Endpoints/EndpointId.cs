using System.Net;

namespace LoadBalancer.Endpoints;

/// <summary>
/// The identity of an endpoint: the same address in two upstreams is two endpoints, because each upstream has its own
/// checks and its own load, and a verdict of one must not leak into the other.
/// </summary>
/// <param name="Upstream">The upstream's name in the file.</param>
/// <param name="Address">Where it listens.</param>
public readonly record struct EndpointId(string Upstream, EndPoint Address)
{
    /// <summary>The form of logs: <c>orders/10.0.0.1:80</c>.</summary>
    public override string ToString() => $"{Upstream}/{Address}";
}

using System.Net;
using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>The operator's listener, /metrics /healthz /readyz /status: the file's <c>admin</c>.</summary>
public sealed record AdminOptions
{
    /// <summary>The addresses it accepts on; default 127.0.0.1:9090. An empty list turns it off.</summary>
    public ValueList<EndPoint> Bind { get; init; } = [new IPEndPoint(IPAddress.Loopback, 9090)];
}

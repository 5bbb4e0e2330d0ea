using System.Net;
using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>The operator's listener, /metrics /healthz /readyz /status: the file's <c>admin</c>.</summary>
public sealed record AdminOptions : IConfigurable<AdminOptions>
{
    /// <inheritdoc/>
    public static Shape<AdminOptions> Shape { get; } = new(
        "admin", "The operator's own listener: `/metrics`, `/healthz`, `/readyz`, `/status`.", """{bind: ["127.0.0.1:9090", "unix:/run/lb/admin.sock"]}""", () => new())
    {
        {
            "bind", Kinds.List(Kinds.BindAddress).Or("off", []), o => o.Bind, (o, value) => o with { Bind = value },
            "The addresses it accepts on. Bind it where only operators can reach it; `off` closes it."
        },
    };

    /// <summary>The addresses it accepts on. An empty list turns it off.</summary>
    public ValueList<EndPoint> Bind { get; init; } = [new IPEndPoint(IPAddress.Loopback, 9090)];
}

using System.Net;
using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>The operator's listener, its pages and its API: the file's <c>admin</c>.</summary>
public sealed record AdminOptions : IConfigurable<AdminOptions>
{
    /// <inheritdoc/>
    public static Shape<AdminOptions> Shape { get; } = new(
        "admin", "The operator's own listener: `/metrics`, `/healthz`, `/readyz`, `/status`, and the API of `lb drain` and `lb reload`.",
        """{bind: ["127.0.0.1:9090", "unix:/run/lb/admin.sock"], token: "${credential:admin}"}""", () => new())
    {
        {
            "bind", Kinds.List(Kinds.BindAddress).Or("off", []), o => o.Bind, (o, value) => o with { Bind = value },
            "The addresses it accepts on. Bind it where only operators can reach it; `off` closes it."
        },
        {
            "allow_ips", Kinds.List(Kinds.Network).Or("none", []), o => o.AllowIps, (o, value) => o with { AllowIps = value },
            "The networks and addresses from which it may be asked over TCP, to read or to change; `none` for no list: then everybody who reaches it may. Others get 403. The Unix socket is not meant: the file's mode says who may."
        },
        {
            "token", Kinds.Secret.OrNull("none"), o => o.Token, (o, value) => o with { Token = value },
            "Who has it may make changes, over TCP too: `Authorization: Bearer …`. Over the Unix socket, root and the user of lb need none."
        },
        {
            "names", Kinds.List(Kinds.HostName), o => o.Names, (o, value) => o with { Names = value },
            "Names by which it may be asked over TCP, beside IP addresses, localhost and this machine's own name."
        },
    };

    /// <summary>The addresses it accepts on. An empty list turns it off.</summary>
    public ValueList<EndPoint> Bind { get; init; } = [new IPEndPoint(IPAddress.Loopback, 9090)];

    /// <summary>From where it may be asked over TCP. Empty: from everywhere.</summary>
    public ValueList<IPNetwork> AllowIps { get; init; }

    /// <summary>Who has it may make changes. Null: nobody over TCP.</summary>
    public Secret? Token { get; init; }

    /// <summary>Host names by which it may be asked over TCP, beside those that are always right.</summary>
    public ValueList<string> Names { get; init; }
}

using LoadBalancer.Configuration;

namespace LoadBalancer.Tls;

/// <summary>How TLS is spoken with endpoints: the file's <c>upstreams.NAME.tls</c>.</summary>
public sealed record UpstreamTlsOptions : IConfigurable<UpstreamTlsOptions>
{
    /// <summary>The word of <see cref="ServerName"/> for the endpoint's own name or address.</summary>
    public const string OwnName = "endpoint";

    /// <inheritdoc/>
    public static Shape<UpstreamTlsOptions> Shape { get; } = new(
        "upstream_tls",
        "TLS with the endpoints, TLS 1.2 or 1.3. Their certificates are verified. `{}` is enough where an authority of this machine vouches for them.",
        "{server_name: orders.internal, ca: /etc/lb/internal.pem}", () => new())
    {
        {
            "server_name", Kinds.HostName.OrNull(OwnName), o => o.ServerName, (o, value) => o with { ServerName = value },
            "The name that is asked for (SNI), and that the certificate must be for. `endpoint`: the upstream's `host` where that is a name, or else the name that `discover` looks up, " +
            "or else the endpoint's IP address, for which no name is asked for."
        },
        {
            "ca", Kinds.FilePath.OrNull("none"), o => o.Ca, (o, value) => o with { Ca = value },
            "A PEM file with the authorities of which one must vouch for the certificate. `none`: those of this machine."
        },
        {
            "cert", Kinds.FilePath.OrNull("none"), o => o.Cert, (o, value) => o with { Cert = value },
            "A PEM file with the certificate that endpoints are shown that ask for one, and those between it and its authority."
        },
        {
            "key", Kinds.FilePath.OrNull("none"), o => o.Key, (o, value) => o with { Key = value },
            "The PEM file of its private key."
        },
        {
            "insecure", Kinds.Boolean, o => o.Insecure, (o, value) => o with { Insecure = value },
            "True where any certificate will do: then anybody on the way to the endpoint can read and change everything. lb warns of it at each start."
        },
    };

    /// <summary>The name for SNI and the certificate; null is the endpoint's own.</summary>
    public string? ServerName { get; init; }

    /// <summary>A PEM file with the trusted authorities; null is those of this machine.</summary>
    public string? Ca { get; init; }

    /// <summary>A PEM file with our own certificate; null is none.</summary>
    public string? Cert { get; init; }

    /// <summary>The PEM file of its key; null is none.</summary>
    public string? Key { get; init; }

    /// <summary>True where certificates are not verified.</summary>
    public bool Insecure { get; init; }
}

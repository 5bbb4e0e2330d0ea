using LoadBalancer.Configuration;
using LoadBalancer.Tls;

namespace LoadBalancer.Health;

/// <summary>How a probe speaks TLS: the file's <c>health.active.tls</c>.</summary>
public sealed record ProbeTlsOptions : IConfigurable<ProbeTlsOptions>
{
    /// <summary>No TLS, although the upstream has it.</summary>
    internal static readonly ProbeTlsOptions Off = new() { IsOff = true };

    /// <inheritdoc/>
    public static Shape<ProbeTlsOptions> Shape { get; } = new(
        "probe_tls",
        "How a probe speaks TLS. What is not said here is as in the upstream's `tls`. Where the upstream has none, and neither `server_name` nor `ca` is said, the handshake alone is checked, not the certificate.",
        "{server_name: orders.internal, ca: /etc/lb/internal.pem}", () => new())
    {
        {
            "server_name", Kinds.HostName.OrNull("none"), o => o.ServerName, (o, value) => o with { ServerName = value },
            "The name that is asked for (SNI), and that the certificate must be for. `none`: no name is asked for, and with `ca` the certificate must be for the endpoint's IP address."
        },
        {
            "ca", Kinds.FilePath.OrNull("none"), o => o.Ca, (o, value) => o with { Ca = value },
            "A PEM file with the authorities of which one must vouch for the certificate; read again when it changes. `none`: those of this machine, where `server_name` is given."
        },
    };

    /// <summary>The name for SNI and the certificate; null is none.</summary>
    public string? ServerName { get; init; }

    /// <summary>A PEM file with the trusted authorities; null is none.</summary>
    public string? Ca { get; init; }

    /// <summary>True where the certificate must be valid, and not the handshake alone complete.</summary>
    internal bool Verifies => Judges ?? (ServerName is not null || Ca is not null);

    /// <summary>Whether the certificate is looked at, where the names do not say so; null where they do.</summary>
    internal bool? Judges { get; init; }

    /// <summary>A PEM file with the certificate that is shown when asked for one; null is none.</summary>
    internal string? Cert { get; init; }

    /// <summary>The PEM file of its key; null is none.</summary>
    internal string? Key { get; init; }

    /// <summary>True where there is no TLS, whatever the upstream has.</summary>
    internal bool IsOff { get; init; }

    /// <summary>How a probe speaks TLS: as the traffic does in everything that it is not told itself; null for not at all.</summary>
    /// <param name="own">What the file says of the probe; null for nothing.</param>
    /// <param name="upstream">How the upstream speaks TLS; null for not at all.</param>
    /// <param name="ownName">The name of the endpoints where the upstream gives none; null for their addresses.</param>
    internal static ProbeTlsOptions? Of(ProbeTlsOptions? own, UpstreamTlsOptions? upstream, string? ownName)
    {
        if (upstream is null || own is { IsOff: true })
        {
            return own;
        }

        var like = Like(upstream, ownName);
        return own is null ? like : like with { ServerName = own.ServerName ?? like.ServerName, Ca = own.Ca ?? like.Ca, Judges = own.Verifies || like.Verifies };
    }

    /// <summary>What a probe does as the traffic does.</summary>
    /// <param name="upstream">How that speaks TLS.</param>
    /// <param name="ownName">The name of the endpoints where it gives none; null for their addresses.</param>
    internal static ProbeTlsOptions Like(UpstreamTlsOptions upstream, string? ownName) => new()
    {
        ServerName = upstream.ServerName ?? ownName,
        Ca = upstream.Ca,
        Cert = upstream.Cert,
        Key = upstream.Key,
        Judges = !upstream.Insecure,
    };
}

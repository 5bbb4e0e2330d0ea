using LoadBalancer.Configuration;

namespace LoadBalancer.Tls;

/// <summary>Whether clients show certificates, and by whom: the file's <c>tls.client_certificates</c>.</summary>
/// <param name="Ca">The authorities that may vouch for them.</param>
internal sealed record ClientCertificateOptions(string Ca) : IConfigurable<ClientCertificateOptions>
{
    private static readonly string[] Modes = ["off", "optional", "required"];

    /// <inheritdoc/>
    public static Shape<ClientCertificateOptions> Shape { get; } = new(
        "client_certificates", "Whether clients have to show certificates, and who vouches for them.", "{ca: /etc/lb/clients.pem, mode: optional}", () => new((string)null!))
    {
        {
            "ca", Kinds.FilePath, o => o.Ca, (o, value) => o with { Ca = value },
            "The authorities that may vouch for clients' certificates, in PEM. Whoever has a certificate of one of them is let in.", Presence.Required
        },
        {
            "mode", Kinds.Word(Modes), o => Modes[(int)o.Mode], (o, value) => o with { Mode = (ClientCertificateMode)Array.IndexOf(Modes, value) },
            "`required`: without a valid certificate there is no connection. `optional`: one is asked for, a client may have none, and one that it shows must be valid. `off`: none is asked for."
        },
    };

    /// <summary>Whether they must.</summary>
    public ClientCertificateMode Mode { get; init; } = ClientCertificateMode.Required;
}

using LoadBalancer.Configuration;

namespace LoadBalancer.Tls;

/// <summary>How a listener speaks TLS: the file's <c>listeners.NAME.tls</c>.</summary>
internal sealed record TlsOptions : IConfigurable<TlsOptions>
{
    /// <summary>The word for TLS 1.2.</summary>
    public const string Tls12 = "1.2";

    /// <summary>The word for TLS 1.3.</summary>
    public const string Tls13 = "1.3";

    /// <inheritdoc/>
    public static Shape<TlsOptions> Shape { get; } = new(
        "tls", "TLS termination: clients speak TLS, and what is behind lb gets what was inside. Files that change take effect at once; a broken one leaves what was there before.",
        "{certificates: {cert: /etc/lb/api.pem, key: /etc/lb/api.key}}", () => new())
    {
        {
            "certificates", Kinds.List(Kinds.Record<CertificateOptions>()), o => o.Certificates, (o, value) => o with { Certificates = value },
            "The certificates. Which is shown, the name decides that the client asks for (SNI): the exact name, then a wildcard, which covers one label; of several for one name the first. " +
            "Clients that ask for another name or for none get the first of all. Two for the same names with keys of different kinds, RSA and ECDSA, stand for each other: each client gets what it can read.",
            Presence.Required
        },
        {
            "client_certificates", Kinds.Record<ClientCertificateOptions>().OrNull("off"), o => o.ClientCertificates, (o, value) => o with { ClientCertificates = value },
            "Whether clients have to show certificates, and who vouches for them."
        },
        {
            "min_version", Kinds.Word(Tls12, Tls13), o => o.MinVersion, (o, value) => o with { MinVersion = value },
            "The oldest version of TLS that is spoken."
        },
        {
            "ticket_keys", Kinds.FilePath.OrNull("none"), o => o.TicketKeys, (o, value) => o with { TicketKeys = value },
            "The keys of session tickets, for instances that take up each other's sessions: lines of `openssl rand -base64 80`. The first encrypts, the others are still read. " +
            "Without a file they are made in memory and change every 12 hours."
        },
        {
            "max_handshakes", Kinds.Integer(1, 1_000_000), o => o.MaxHandshakes, (o, value) => o with { MaxHandshakes = value },
            "Handshakes at once. One more, and the one that has waited longest for its client is given up; `too_many_handshakes`."
        },
    };

    /// <summary>The certificates, at least one, the default first.</summary>
    public ValueList<CertificateOptions> Certificates { get; init; }

    /// <summary>What is asked of clients; null for nothing.</summary>
    public ClientCertificateOptions? ClientCertificates { get; init; }

    /// <summary>The oldest version that is spoken: <see cref="Tls12"/> or <see cref="Tls13"/>.</summary>
    public string MinVersion { get; init; } = Tls12;

    /// <summary>The file of ticket keys; null where they are made in memory.</summary>
    public string? TicketKeys { get; init; }

    /// <summary>Handshakes at once, at least 1.</summary>
    public int MaxHandshakes { get; init; } = 1_000;
}

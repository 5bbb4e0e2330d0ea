using System.Text.Json.Serialization;
using LoadBalancer.Tls;

namespace LoadBalancer.Daemon.Status;

/// <summary>The TLS of a listener.</summary>
internal sealed record TlsStatus
{
    /// <summary>The certificates, the default first.</summary>
    public required IReadOnlyList<CertificateStatus> Certificates { get; init; }

    /// <summary>Why files that have changed are not in use; null where they are.</summary>
    public required string? Refusal { get; init; }

    /// <summary>Handshakes that are under way.</summary>
    public required int Handshaking { get; init; }

    /// <summary>Handshakes that were done, those that took up an earlier session included.</summary>
    public long Handshakes => Enum.GetValues<TlsVersion>().Sum(version => Metrics.Done(version, resumed: false) + Metrics.Done(version, resumed: true));

    /// <summary>Those that took up an earlier session.</summary>
    public long Resumed => Enum.GetValues<TlsVersion>().Sum(version => Metrics.Done(version, resumed: true));

    /// <summary>Handshakes that failed.</summary>
    public long Failed => Metrics.Failed;

    /// <summary>Where it counts.</summary>
    [JsonIgnore]
    public required TlsMetrics Metrics { get; init; }

    /// <summary>The status of <paramref name="tls"/>; null for none.</summary>
    public static TlsStatus? Of(TlsTermination? tls, DateTimeOffset now) => tls is null
        ? null
        : new TlsStatus
        {
            Certificates = [.. tls.Context.Settings.Certificates.Select(certificate => CertificateStatus.Of(certificate, now))],
            Refusal = tls.Metrics.Refusal,
            Handshaking = tls.UnderWay,
            Metrics = tls.Metrics,
        };
}

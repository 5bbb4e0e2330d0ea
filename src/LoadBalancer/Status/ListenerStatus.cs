using System.Text.Json.Serialization;
using LoadBalancer.Faults;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Status;

/// <summary>A listener and its counts.</summary>
internal sealed record ListenerStatus
{
    private static readonly FaultKind[] Kinds = [.. Enum.GetValues<FaultKind>().Where(kind => kind != FaultKind.None)];

    /// <summary>Its name in the file.</summary>
    public required string Name { get; init; }

    /// <summary>Where it listens, with the port that the kernel chose where 0 was asked for.</summary>
    public required IReadOnlyList<string> Addresses { get; init; }

    /// <summary>The upstream that all its connections go to; null where server names or routes decide.</summary>
    public required string? Upstream { get; init; }

    /// <summary>Connections at once at which it stops accepting.</summary>
    public required int MaxConnections { get; init; }

    /// <summary>Its requests; null where it is none of HTTP.</summary>
    public RequestStatus? Requests { get; init; }

    /// <summary>Its TLS; null where its clients speak in clear.</summary>
    public TlsStatus? Tls { get; init; }

    /// <summary>Where it counts.</summary>
    [JsonIgnore]
    public required ListenerMetrics Metrics { get; init; }

    /// <summary>Connections open now.</summary>
    public long ActiveConnections => Metrics.Active;

    /// <summary>Connections accepted.</summary>
    public long Connections => Metrics.Connections;

    /// <summary>Bytes read from clients.</summary>
    public long ReceivedBytes => Metrics.ReceivedBytes;

    /// <summary>Bytes written to clients.</summary>
    public long SentBytes => Metrics.SentBytes;

    /// <summary>Connections that reached no endpoint, by reason: every reason there is, so that a first one is seen as an increase.</summary>
    public IReadOnlyDictionary<string, long> Rejected => Kinds.ToDictionary(Reason, Metrics.RejectedFor);

    /// <summary>Connections that reached an endpoint and ended by a fault, by its side and reason; those that occurred.</summary>
    [JsonIgnore]
    public IEnumerable<(FaultSide Side, string Reason, long Count)> Faults =>
        from side in Enum.GetValues<FaultSide>()
        from kind in Kinds
        let count = Metrics.FaultsOf(side, kind)
        where count > 0
        select (side, Reason(kind), count);

    private static string Reason(FaultKind kind) => new Fault(default, kind).Reason;
}

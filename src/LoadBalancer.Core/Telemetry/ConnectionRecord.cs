using System.Net;
using LoadBalancer.Faults;

namespace LoadBalancer.Telemetry;

/// <summary>What is known of one connection when it has ended: a line of the <see cref="ConnectionLog"/>.</summary>
public readonly record struct ConnectionRecord
{
    /// <summary>The listener's name.</summary>
    public required string Listener { get; init; }

    /// <summary>Where the client connected from; null where the socket had no name (a Unix client). Where a proxy told it, what the proxy told.</summary>
    public EndPoint? Client { get; init; }

    /// <summary>The proxy that connected for the client and told its address by a PROXY header; null where the client itself connected.</summary>
    public EndPoint? Proxy { get; init; }

    /// <summary>The name that the client asked for by TLS; null where it asked for none, or nobody looked.</summary>
    public string? ServerName { get; init; }

    /// <summary>The version of TLS that it spoke with us; null where none.</summary>
    public string? Tls { get; init; }

    /// <summary>The upstream's name; null where no route led to one.</summary>
    public string? Upstream { get; init; }

    /// <summary>The address of the endpoint that was tried last, as metrics and /status print it; null where none was.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Endpoints that were tried.</summary>
    public int Attempts { get; init; }

    /// <summary>How long the connect to <see cref="Endpoint"/> took; null where it was not reached.</summary>
    public TimeSpan? ConnectTime { get; init; }

    /// <summary>From accept to the end of both directions.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Bytes read from the client.</summary>
    public long ReceivedBytes { get; init; }

    /// <summary>Bytes written to the client.</summary>
    public long SentBytes { get; init; }

    /// <summary>Why it ended; <see cref="Fault.None"/> where both sides finished.</summary>
    public Fault Fault { get; init; }

    /// <summary>What <see cref="Fault"/> was in more words; null where there are none.</summary>
    public string? Detail { get; init; }
}

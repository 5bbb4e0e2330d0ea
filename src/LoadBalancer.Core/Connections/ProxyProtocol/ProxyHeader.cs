using System.Net;

namespace LoadBalancer.Connections.ProxyProtocol;

/// <summary>What a PROXY header says of the connection behind it. Immutable.</summary>
internal readonly record struct ProxyHeader
{
    /// <summary>The version that it was written in.</summary>
    public required ProxyVersion Version { get; init; }

    /// <summary>True where the proxy speaks for itself, as its health checks do (v2, LOCAL): the addresses are those of the connection.</summary>
    public bool IsLocal { get; init; }

    /// <summary>Where the client connected from; null where it is not told (LOCAL, UNKNOWN, UNSPEC) or no IP address (a Unix socket).</summary>
    public IPEndPoint? Source { get; init; }

    /// <summary>What the client connected to; null as above.</summary>
    public IPEndPoint? Destination { get; init; }

    /// <summary>The TLVs of a v2 header as they were received, the type and length of each included; null where there are none.</summary>
    public byte[]? Tlvs { get; init; }
}

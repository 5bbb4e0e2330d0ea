namespace LoadBalancer.Connections.ProxyProtocol;

/// <summary>What the first bytes of a connection are, for <see cref="ProxyHeaderReader"/>.</summary>
internal enum ProxyHeaderOutcome : byte
{
    /// <summary>They may become a header; more are needed.</summary>
    Incomplete,

    /// <summary>A whole header.</summary>
    Complete,

    /// <summary>No header: they begin like neither version.</summary>
    Missing,

    /// <summary>They begin like a header, and break its rules or its bound.</summary>
    Invalid,
}

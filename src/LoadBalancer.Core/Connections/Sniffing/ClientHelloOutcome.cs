namespace LoadBalancer.Connections.Sniffing;

/// <summary>What the first bytes of a connection are, for <see cref="ClientHelloReader"/>.</summary>
internal enum ClientHelloOutcome : byte
{
    /// <summary>They may become a ClientHello; more are needed.</summary>
    Incomplete,

    /// <summary>A whole ClientHello, with a server name or without.</summary>
    Complete,

    /// <summary>Not TLS: another protocol, or SSL 2.0, which has no server names.</summary>
    NotTls,

    /// <summary>They begin like TLS, and break its rules.</summary>
    Malformed,

    /// <summary>It does not fit within <see cref="ClientHelloReader.MaxBytes"/>.</summary>
    TooLong,
}

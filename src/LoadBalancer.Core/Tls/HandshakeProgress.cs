namespace LoadBalancer.Tls;

/// <summary>Where a handshake stands.</summary>
internal enum HandshakeProgress : byte
{
    /// <summary>It waits for bytes of the peer, or for room for ours.</summary>
    Waits,

    /// <summary>It is done.</summary>
    Done,

    /// <summary>It has failed.</summary>
    Failed,
}

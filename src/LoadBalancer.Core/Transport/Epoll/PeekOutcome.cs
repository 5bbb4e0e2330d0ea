namespace LoadBalancer.Transport.Epoll;

/// <summary>What a <see cref="SocketPeek"/> has waited for.</summary>
internal enum PeekOutcome : byte
{
    /// <summary>There are more bytes than before.</summary>
    More,

    /// <summary>The peer has finished, or the connection was closed: there will be no more.</summary>
    Ended,

    /// <summary>The peer has sent RST.</summary>
    Reset,

    /// <summary>The deadline has passed.</summary>
    TimedOut,
}

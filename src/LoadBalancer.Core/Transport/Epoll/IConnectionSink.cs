namespace LoadBalancer.Transport.Epoll;

/// <summary>Who takes the connections of an <see cref="EpollListener"/>. Every member is called on loops, on several at once.</summary>
internal interface IConnectionSink
{
    /// <summary>True for the operator's connections, which may take what is kept back when those of clients pause.</summary>
    bool MayUseReserve { get; }

    /// <summary>
    /// Asked before each accept. After a no the loop that asked leaves further connections in the kernel's queue until
    /// <see cref="EpollListener.Start"/>.
    /// </summary>
    bool MayAccept();

    /// <summary>Takes <paramref name="connection"/> and owns it; on its loop.</summary>
    void OnAccepted(EpollConnection connection);

    /// <summary>Accepting pauses for a moment because descriptors or kernel memory ran out; it is tried again by itself.</summary>
    /// <param name="why">What ran out, for the log.</param>
    void OnAcceptFailed(string why);
}

namespace LoadBalancer.Transport.Epoll;

/// <summary>Whoever moves a socket's bytes: the connect at first, then a relay or a connection's pipes. Called on the socket's loop only.</summary>
internal interface IReadinessObserver
{
    /// <summary><paramref name="socket"/> may have become readable or writable, or has failed; the call that moves bytes tells which.</summary>
    void OnReady(EpollSocket socket);

    /// <summary>An exception escaped from <see cref="OnReady"/>: ends the connection at once.</summary>
    void OnUnhandledError(EpollSocket socket);
}

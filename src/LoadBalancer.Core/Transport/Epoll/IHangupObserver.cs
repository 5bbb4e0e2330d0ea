namespace LoadBalancer.Transport.Epoll;

/// <summary>Hears that the peer of a connection has finished or is gone, although nobody reads from it at the moment.</summary>
internal interface IHangupObserver
{
    /// <summary>On the loop, after the connection's reader and writer were told; possibly several times.</summary>
    /// <param name="broken">True where the connection has failed; false where the peer has only sent its last byte.</param>
    void OnHangup(bool broken);
}

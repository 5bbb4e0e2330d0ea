namespace LoadBalancer.Transport.Epoll;

/// <summary>Readiness as epoll_ctl(2) and epoll_wait(2) say it.</summary>
[Flags]
internal enum EpollFlags : uint
{
    None = 0,
    In = 0x1,

    /// <summary>Urgent data has come (EPOLLPRI).</summary>
    Urgent = 0x2,
    Out = 0x4,
    Error = 0x8,
    HangUp = 0x10,
    PeerFinished = 0x2000,

    /// <summary>Of several epolls that wait on one descriptor, wakes one (or a few) and not all.</summary>
    Exclusive = 1u << 28,
    EdgeTriggered = 1u << 31,
}

using LoadBalancer.Faults;

namespace LoadBalancer.Transport.Epoll;

/// <summary>What a connect came to: a socket, or why there is none.</summary>
internal readonly record struct ConnectResult(EpollSocket? Socket, Fault Fault);

using System.Net;
using LoadBalancer.Daemon.Systemd;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Listening;

/// <summary>
/// The listening sockets by the address that the file asks for. A reload opens what is new beside what is open
/// (<see cref="SocketChange"/>), and closes what nobody binds any more only after it is published. One reload at a time uses it.
/// </summary>
internal sealed class SocketTable(LoopGroup loops, ActivatedSockets activated)
{
    /// <summary>The sockets of the present configuration.</summary>
    internal Dictionary<string, ListeningSocket> Open { get; set; } = [];

    /// <summary>Begins the next configuration's set.</summary>
    public SocketChange Begin() => new(this);

    /// <summary>A socket at <paramref name="address"/>: one of the service manager's, or a new one.</summary>
    /// <exception cref="IOException">It cannot be bound; the message says why.</exception>
    internal ListeningSocket Bind(Listener listener, EndPoint address) => new(loops.Loops, address, activated.Open(address), listener);
}

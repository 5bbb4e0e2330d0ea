using System.Net;
using LoadBalancer.Daemon.Systemd;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Listening;

/// <summary>
/// The listening sockets by the address that the file asks for. A reload opens what is new beside what is open
/// (<see cref="SocketChange"/>), and closes what nobody binds any more only after it is published. One reload at a time uses it.
/// </summary>
/// <param name="loops">The loops that accept.</param>
/// <param name="activated">The service manager's sockets.</param>
/// <param name="inherited">The sockets of the process that this one replaces; null where it replaces none.</param>
internal sealed class SocketTable(LoopGroup loops, ActivatedSockets activated, InheritedListeners? inherited = null)
{
    /// <summary>The sockets of the present configuration; their names are the same in another process with the same file.</summary>
    internal Dictionary<string, ListeningSocket> Open { get; set; } = [];

    /// <summary>Begins the next configuration's set.</summary>
    public SocketChange Begin() => new(this);

    /// <summary>A socket at <paramref name="address"/>: one that was handed over, one of the service manager's, or a new one.</summary>
    /// <param name="listener">Who takes its connections.</param>
    /// <param name="name">Its name here.</param>
    /// <param name="address">Where.</param>
    /// <param name="next">The sockets that the next configuration has so far.</param>
    /// <exception cref="IOException">It cannot be bound; the message says why.</exception>
    internal ListeningSocket Bind(Listener listener, string name, EndPoint address, IEnumerable<ListeningSocket> next) => new(
        listener,
        sink => inherited?.Take(name, loops.Loops, sink, ownsFile: !activated.Has(address))
            ?? (activated.Open(address) is { } descriptor
                ? EpollListener.Inherit(loops.Loops, descriptor, sink)
                : EpollListener.Bind(loops.Loops, address, sink, Open.Values.Concat(next).Any(ours => Overlap(ours.Address, address)))));

    // A file that moves from 127.0.0.1:80 to 0.0.0.0:80 has both for a moment, and one may name both: the kernel gives a
    // connection to the narrower.
    private static bool Overlap(EndPoint ours, EndPoint address) =>
        ours is IPEndPoint open && address is IPEndPoint asked && open.Port == asked.Port && open.AddressFamily == asked.AddressFamily
        && (IsAny(open.Address) || IsAny(asked.Address));

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}

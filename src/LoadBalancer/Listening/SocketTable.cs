using System.Net;
using LoadBalancer.Daemon.Systemd;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Listening;

/// <summary>
/// The listening sockets by the address that the file asks for. A reload opens what is new, and closes what nobody binds
/// any more only after it is published. One reload at a time uses it.
/// </summary>
internal sealed class SocketTable(LoopGroup loops, ActivatedSockets activated)
{
    private Dictionary<string, ListeningSocket> _open = [];

    /// <summary>Opens sockets for a configuration beside those that are open.</summary>
    public Change Begin() => new(this);

    // Port 0 is another port for each listener that asks for it, as often as it asks.
    private static string KeyOf(Listener listener, EndPoint address) => address is IPEndPoint { Port: 0 } ? $"{listener.Name} {address}" : address.ToString()!;

    /// <summary>The sockets of the next configuration: kept ones and new ones.</summary>
    internal sealed class Change(SocketTable table)
    {
        private readonly Dictionary<string, ListeningSocket> _next = [];

        /// <summary>The socket for <paramref name="address"/>: the one that is open, or a new one.</summary>
        /// <exception cref="IOException">It cannot be bound; the message says why.</exception>
        public ListeningSocket Open(Listener listener, EndPoint address)
        {
            var key = KeyOf(listener, address);
            for (var number = 2; _next.ContainsKey(key); number++)
            {
                key = $"{KeyOf(listener, address)} {number}";
            }

            var socket = table._open.GetValueOrDefault(key)
                ?? new ListeningSocket(loops: table.Loops, address, table.Activated.Open(address), listener);
            _next.Add(key, socket);
            return socket;
        }

        /// <summary>Makes it the present; gives the sockets that nobody binds any more, to be closed.</summary>
        public List<ListeningSocket> Commit()
        {
            var closed = table._open.Where(open => !_next.ContainsKey(open.Key)).Select(open => open.Value).ToList();
            table._open = _next;
            return closed;
        }

        /// <summary>Closes what was opened for a configuration that does not come.</summary>
        public Task DiscardAsync() =>
            Task.WhenAll(_next.Where(next => !table._open.ContainsKey(next.Key)).Select(next => next.Value.CloseAsync()));
    }

    private ReadOnlySpan<EventLoop> Loops => loops.Loops;

    private ActivatedSockets Activated => activated;
}

using System.Net;

namespace LoadBalancer.Daemon.Listening;

/// <summary>The sockets of the next configuration: kept ones and new ones. Either <see cref="Commit"/> or <see cref="DiscardAsync"/> follows, once.</summary>
internal sealed class SocketChange(SocketTable table)
{
    private readonly Dictionary<string, ListeningSocket> _next = [];

    /// <summary>The socket for <paramref name="address"/>: the one that is open, or a new one.</summary>
    /// <exception cref="IOException">It cannot be bound; the message says why.</exception>
    public ListeningSocket Open(Listener listener, EndPoint address)
    {
        // Port 0 is another port for each listener that asks for it, as often as it asks.
        var first = address is IPEndPoint { Port: 0 } ? $"{listener.Name} {address}" : address.ToString()!;
        var key = first;
        for (var number = 2; _next.ContainsKey(key); number++)
        {
            key = $"{first} {number}";
        }

        var socket = table.Open.GetValueOrDefault(key) ?? table.Bind(listener, key, address, _next.Values);
        _next.Add(key, socket);
        return socket;
    }

    /// <summary>Makes it the present; gives the sockets that nobody binds any more, to be closed.</summary>
    public List<ListeningSocket> Commit()
    {
        var closed = table.Open.Where(open => !_next.ContainsKey(open.Key)).Select(open => open.Value).ToList();
        table.Open = _next;
        return closed;
    }

    /// <summary>Closes what was opened for a configuration that does not come.</summary>
    public Task DiscardAsync() =>
        Task.WhenAll(_next.Where(next => !table.Open.ContainsKey(next.Key)).Select(next => next.Value.CloseAsync()));
}

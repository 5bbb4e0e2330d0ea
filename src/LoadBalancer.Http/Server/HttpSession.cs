using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server;

/// <summary>One version of HTTP on one client's connection, once the client has been admitted: the exchanges that it carries. Touched only on its loop.</summary>
/// <param name="connection">The connection, which counts and closes.</param>
internal abstract class HttpSession(ClientConnection connection) : IHangupObserver
{
    /// <summary>The connection.</summary>
    public ClientConnection Connection => connection;

    /// <summary>The client.</summary>
    public EpollConnection Client => connection.Client;

    /// <summary>The loop that it lives on.</summary>
    public EventLoop Loop => connection.Client.Loop;

    /// <summary>Serves the client until one of the two has had enough; the connection is closed by the caller.</summary>
    /// <returns><see cref="Fault.None"/> for an orderly end; any other resets the connection.</returns>
    public abstract ValueTask<Fault> ServeAsync();

    /// <summary>Does something with each exchange that is under way; it may end the one that it is given.</summary>
    public abstract void Each(Action<Exchange> action);

    /// <summary>The listener is about to end: what is under way is finished, nothing else is taken. The caller sees to what has no end of its own.</summary>
    public abstract void Finish();

    /// <summary>Gives up what is under way because of <paramref name="fault"/>; the connection is aborted by the caller.</summary>
    public abstract void Stop(Fault fault);

    /// <summary>Gives everything back, once served; also after a bug.</summary>
    public abstract void End();

    /// <inheritdoc/>
    public abstract void OnHangup(bool broken);
}

using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Connections;

/// <summary>
/// One decision on a client's connection before anything is done for it: let it pass, or close it for a reason. The same in
/// front of every protocol. Immutable and shared by the loops; what it remembers of clients is its own to keep safe.
/// </summary>
/// <remarks>
/// A refusal is a value, so that the one owner of the connection counts it, logs it and closes the socket; a policy does
/// none of these. A policy may set the connection's <c>RemoteEndPoint</c> (PROXY protocol); those after it see that
/// address. Why no connection middleware: docs/adr/0002.
/// </remarks>
internal abstract class ConnectionPolicy
{
    /// <summary>
    /// Decides; called once, on the connection's loop. <see cref="Fault.None"/> lets it pass. A policy that needs no byte of
    /// the client completes at once and allocates nothing; one that waits has a deadline of its own, ends when the connection
    /// is aborted, and continues on the loop.
    /// </summary>
    /// <remarks>Where it refuses or throws it holds nothing: <see cref="Release"/> is not called.</remarks>
    public abstract ValueTask<Fault> AdmitAsync(EpollConnection client);

    /// <summary>
    /// Takes back what <see cref="AdmitAsync"/> gave with its pass; called exactly once for each pass, on the same loop: when
    /// the connection has ended, or when a policy after this one refused it. It must not throw.
    /// </summary>
    public virtual void Release(EpollConnection client)
    {
    }
}

using System.Net;
using LoadBalancer.Connections.IpAllowList;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Connections;

/// <summary>
/// What a listener does with its connections under one configuration, whatever protocol they speak. Immutable and thread-safe: a reload
/// makes another.
/// </summary>
internal abstract class ConnectionHandler
{
    /// <summary>Who may connect; null where everybody may.</summary>
    public ConnectionPolicyChain? Policies { get; init; }

    /// <summary>How its clients speak TLS; null where they do not.</summary>
    public TlsTermination? Tls { get; init; }

    /// <summary>Serves <paramref name="client"/> to its end; on its loop.</summary>
    public abstract void Serve(EpollConnection client);

    /// <summary>
    /// True where this one has a connection as it is that <paramref name="before"/> has let in: the same TLS as far as it says who may come, and an
    /// address that is not denied. What counts connections or holds them up asks only new ones.
    /// </summary>
    /// <param name="before">Under which it was accepted.</param>
    /// <param name="client">Its address.</param>
    public bool StillAdmits(ConnectionHandler before, EndPoint? client) => before == this
        || (before.GetType() == GetType() && TlsTermination.AdmitsAlike(before.Tls, Tls)
            && (before.Policies == Policies || Policies?.Find<IpAllowListPolicy>()?.Judge(client).Failed != true));

    /// <summary>
    /// False where nothing that <paramref name="before"/> has let in or sent on its way has to end because this one takes its place.
    /// </summary>
    public virtual bool Retires(ConnectionHandler before) => before != this
        && (before.GetType() != GetType() || !TlsTermination.AdmitsAlike(before.Tls, Tls)
            || (before.Policies?.Options.AllowIps ?? []) != (Policies?.Options.AllowIps ?? []) || (before.Policies?.Options.DenyIps ?? []) != (Policies?.Options.DenyIps ?? []));

    /// <summary>It is in force from here on.</summary>
    public virtual void TakeEffect()
    {
    }
}

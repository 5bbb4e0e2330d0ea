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

    /// <summary>It is in force from here on.</summary>
    public virtual void TakeEffect()
    {
    }
}

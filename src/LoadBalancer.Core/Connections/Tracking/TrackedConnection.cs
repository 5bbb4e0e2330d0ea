using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Connections.Tracking;

/// <summary>A client's connection as the <see cref="ConnectionTable"/> knows it, whatever protocol it speaks. Touched only on its loop.</summary>
internal abstract class TrackedConnection
{
    /// <summary>The loop that it lives on.</summary>
    public abstract EventLoop Loop { get; }

    internal TrackedConnection? Next { get; set; }

    internal TrackedConnection? Previous { get; set; }

    /// <summary>Its listener is about to end: a protocol that serves one request after another finishes the one at hand and takes no other.</summary>
    public virtual void Finish()
    {
    }

    /// <summary>Ends it from outside because of <paramref name="fault"/>; it leaves the table by itself.</summary>
    public abstract void Stop(Fault fault);
}

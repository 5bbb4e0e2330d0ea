using LoadBalancer.Endpoints;
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
    /// <param name="turn">After this, what has no end of its own and can be told to end is told: not all of them at once.</param>
    public virtual void Finish(TimeSpan turn)
    {
    }

    /// <summary>Endpoints were taken away: what goes to one of them, has no end of its own and can be told to end is told, likewise.</summary>
    public virtual void Withdraw(Withdrawal withdrawal, TimeSpan turn)
    {
    }

    /// <summary>Ends what still goes to one of them because of <paramref name="fault"/>.</summary>
    public abstract void StopWithdrawn(Withdrawal withdrawal, Fault fault);

    /// <summary>
    /// The listener's configuration has changed: where it would not have this connection as it is, the connection finishes as at the listener's end;
    /// what is on its way otherwise than it would be now is told likewise.
    /// </summary>
    public abstract void Retire(Retirement retirement, TimeSpan turn);

    /// <summary>Ends what was told so by <paramref name="retirement"/> because of <paramref name="fault"/>, unless it is right again.</summary>
    public abstract void StopRetired(Retirement retirement, Fault fault);

    /// <summary>Ends it from outside because of <paramref name="fault"/>; it leaves the table by itself.</summary>
    public abstract void Stop(Fault fault);
}

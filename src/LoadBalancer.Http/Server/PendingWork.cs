using LoadBalancer.Endpoints;
using LoadBalancer.Faults;

namespace LoadBalancer.Http.Server;

/// <summary>What an exchange waits for elsewhere: an endpoint's room, a connect, a response. Touched only on its loop.</summary>
internal abstract class PendingWork
{
    /// <summary>True while it goes on reading the request's body, to its end as far as anybody can tell.</summary>
    public virtual bool TakesBody => false;

    /// <summary>True while it uses an endpoint that <paramref name="withdrawal"/> has taken away.</summary>
    public virtual bool Uses(Withdrawal withdrawal) => false;

    /// <summary>True while it waits for the client, and for nobody else, as far as anybody can tell.</summary>
    public virtual bool AwaitsClient => false;

    /// <summary>True where there is something in hand for the client, while something better is waited for.</summary>
    public virtual bool HasFallback => false;

    /// <summary>What has no end of its own is to end after <paramref name="turn"/>, in a way that its client understands; nothing else changes.</summary>
    public virtual void EndAfter(TimeSpan turn)
    {
    }

    /// <summary>The same because an endpoint that it uses was taken away, unless that is back by then.</summary>
    public virtual void EndAfter(TimeSpan turn, Withdrawal withdrawal)
    {
    }

    /// <summary>Where it <see cref="HasFallback"/>: ends the wait for something better because of <paramref name="fault"/>; whoever waits goes on inline.</summary>
    public virtual void FallBack(Fault fault) => GiveUp(fault);

    /// <summary>Ends the wait because of <paramref name="fault"/>; whoever waits goes on inline.</summary>
    public abstract void GiveUp(Fault fault);
}

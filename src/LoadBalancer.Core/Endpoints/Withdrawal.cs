using System.Collections.Immutable;

namespace LoadBalancer.Endpoints;

/// <summary>
/// Endpoints that one configuration has taken away: what still goes to them is drained. An endpoint belongs to it until a later configuration
/// has it again, or takes it away again, with a time of its own. Thread-safe.
/// </summary>
internal sealed class Withdrawal
{
    private readonly ImmutableArray<Endpoint> _endpoints;
    private volatile bool _isClosed;

    /// <summary>Takes them away.</summary>
    public Withdrawal(ImmutableArray<Endpoint> endpoints)
    {
        _endpoints = endpoints;
        foreach (var endpoint in endpoints)
        {
            endpoint.Withdrawal = this;
        }
    }

    /// <summary>True where none of them is left to it: there were none, or they are back.</summary>
    public bool IsOver
    {
        get
        {
            foreach (var endpoint in _endpoints)
            {
                if (Holds(endpoint))
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>
    /// True when the time of the drain is over. Until then whoever was on his way when they were taken away may still come to them, to be drained with
    /// the others; from then on nobody gets a lease.
    /// </summary>
    public bool IsClosed => _isClosed;

    /// <summary>How many leases are open.</summary>
    public int Open
    {
        get
        {
            var open = 0;
            foreach (var endpoint in _endpoints)
            {
                open += Holds(endpoint) ? endpoint.Load.Active : 0;
            }

            return open;
        }
    }

    /// <summary>True for one of them that is not back.</summary>
    public bool Holds(Endpoint? endpoint) => endpoint?.Withdrawal == this;

    /// <summary>The time of the drain is over.</summary>
    public void Close() => _isClosed = true;
}

using System.Collections.Immutable;

namespace LoadBalancer.Endpoints;

/// <summary>
/// Endpoints that were taken away, so that what still goes to them is drained: by a configuration, or by an operator's drain with a deadline.
/// An endpoint belongs to it until a later configuration, or the operator, has it again, or takes it away again, with a time of its own. Thread-safe.
/// </summary>
internal sealed class Withdrawal
{
    private readonly ImmutableArray<Endpoint> _endpoints;
    private volatile bool _isClosed;

    /// <summary>Takes them away.</summary>
    /// <param name="endpoints">Which; an operator has drained them before.</param>
    /// <param name="until">The deadline of an operator's drain; null where a configuration does it.</param>
    public Withdrawal(ImmutableArray<Endpoint> endpoints, DateTimeOffset? until = null)
    {
        (_endpoints, Until) = (endpoints, until);
        foreach (var endpoint in endpoints)
        {
            if (until is null)
            {
                endpoint.Withdrawal = this;
            }
            else
            {
                endpoint.WithdrawByOperator(this);
            }
        }
    }

    /// <summary>The deadline of an operator's drain; null where a configuration took them away.</summary>
    public DateTimeOffset? Until { get; }

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
    public bool Holds(Endpoint? endpoint) => (Until is null ? endpoint?.Withdrawal : endpoint?.OperatorWithdrawal) == this;

    /// <summary>The time of the drain is over.</summary>
    public void Close() => _isClosed = true;
}

using System.Collections.Immutable;

namespace LoadBalancer.Endpoints;

/// <summary>
/// Endpoints that one configuration has taken away: what still goes to them is drained. An endpoint belongs to it until a later configuration
/// has it again, or takes it away again, with a time of its own. Thread-safe.
/// </summary>
internal sealed class Withdrawal
{
    private readonly ImmutableArray<Endpoint> _endpoints;

    /// <summary>Takes them away.</summary>
    public Withdrawal(ImmutableArray<Endpoint> endpoints)
    {
        _endpoints = endpoints;
        foreach (var endpoint in endpoints)
        {
            endpoint.Withdrawal = this;
        }
    }

    /// <summary>True where nothing goes to them any more, or they are back.</summary>
    public bool IsOver
    {
        get
        {
            foreach (var endpoint in _endpoints)
            {
                if (Holds(endpoint) && endpoint.Load.Active > 0)
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>True for one of them that is not back.</summary>
    public bool Holds(Endpoint? endpoint) => endpoint?.Withdrawal == this;
}

using LoadBalancer.Endpoints;

namespace LoadBalancer.Balancing;

/// <summary>
/// Of two that chance names, by weight, the one with fewer open leases for its weight: <c>balance: random_two</c>. Its
/// price does not grow with the number of endpoints, as that of <see cref="LeastConnections"/> does, and several
/// instances that know nothing of each other do not all choose the same endpoint.
/// </summary>
internal sealed class RandomTwo(Tier tier) : Balancer
{
    private readonly TwoChoices _choices = new(tier);

    /// <inheritdoc/>
    public override Endpoint? Pick(in PickContext context)
    {
        _choices.Draw(context, out var one, out var other);
        if (one < 0)
        {
            return null;
        }

        var first = _choices.Members[one];
        if (other < 0)
        {
            return first.Endpoint;
        }

        // A tie goes to the first, which chance named by weight: with nothing open, shares follow the weights.
        var second = _choices.Members[other];
        return (long)second.Endpoint.Load.Active * first.Weight < (long)first.Endpoint.Load.Active * second.Weight ? second.Endpoint : first.Endpoint;
    }
}

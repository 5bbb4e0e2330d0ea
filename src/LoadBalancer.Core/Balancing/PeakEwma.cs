using LoadBalancer.Endpoints;

namespace LoadBalancer.Balancing;

/// <summary>
/// Of two that chance names, by weight, the one from which an answer is expected sooner: <c>balance: peak_ewma</c>. What is
/// expected is its <see cref="PeakLatency"/> times the open leases that it would have with this one. On TCP the latency is
/// the time of the connect, on HTTP that to the first byte of the response.
/// </summary>
/// <remarks>
/// After "Peak EWMA" of Finagle's balancers. Two at random and not the least of all, because latencies are older than
/// loads: between two answers of the best endpoint everyone would choose it.
/// <para>
/// The weight counts once: chance names members by weight already, so the cost is latency × (open × mean weight / weight + 1)
/// and not latency × (open + 1) / weight, by which idle members of equal latency would get their weight squared.
/// </para>
/// <para>
/// An endpoint that was never measured costs nothing while it is idle, so that it is measured soon; with a lease open and
/// still no answer it costs as much as a failed connect, so that a crowd does not follow the first.
/// </para>
/// </remarks>
internal sealed class PeakEwma : Balancer
{
    private static readonly float PenaltyMicroseconds = (float)PeakLatency.Penalty.TotalMicroseconds;

    private readonly TwoChoices _choices;
    private readonly PeakLatency[] _latencies;
    private readonly float[] _shares;

    /// <summary>A table over <paramref name="tier"/>; from here on its endpoints are measured.</summary>
    public PeakEwma(Tier tier)
    {
        _choices = new TwoChoices(tier);
        var mean = tier.Members.Average(member => member.Weight);
        _latencies = [.. tier.Members.Select(member => member.Endpoint.Load.Measure(tier.Time))];
        _shares = [.. tier.Members.Select(member => (float)(mean / member.Weight))];
    }

    /// <inheritdoc/>
    public override Endpoint? Pick(in PickContext context)
    {
        _choices.Draw(context, out var one, out var other);
        if (one < 0)
        {
            return null;
        }

        if (other >= 0)
        {
            var now = _latencies[one].NowMs;
            one = Cost(other, now) < Cost(one, now) ? other : one;
        }

        return _choices.Members[one].Endpoint;
    }

    private float Cost(int place, uint nowMs)
    {
        var active = _choices.Members[place].Endpoint.Load.Active;
        var latency = _latencies[place].At(nowMs);
        if (latency == 0)
        {
            latency = active == 0 ? 0 : PenaltyMicroseconds;
        }

        return latency * ((active * _shares[place]) + 1);
    }
}

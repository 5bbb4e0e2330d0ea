using System.Collections.Immutable;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Balancing;

/// <summary>
/// The fewest open leases for its weight: <c>balance: least_connections</c>. The search starts where the weighted
/// rotation stands and only a strictly lower load wins, so that ties fall in turn and by weight: with nothing open it is
/// <see cref="RoundRobin"/>, and a new table does not send everyone to its first entry.
/// </summary>
/// <remarks>
/// A pick reads every member's load once, and stops at the first that has none. Picks at the same moment read the same
/// loads; the rotating start keeps them from all choosing the same endpoint.
/// </remarks>
internal sealed class LeastConnections : Balancer
{
    private readonly ImmutableArray<Member> _members;
    private readonly int[] _starts;
    private readonly PickCursor _cursor;

    /// <summary>A table over <paramref name="tier"/>.</summary>
    public LeastConnections(Tier tier)
    {
        _members = tier.Members;
        _starts = SmoothSequence.Of(tier.Members);
        _cursor = tier.Cursor;
    }

    /// <inheritdoc/>
    public override Endpoint? Pick(in PickContext context)
    {
        var members = _members.AsSpan();
        var start = _starts[_cursor.Next(_starts.Length)];
        Endpoint? best = null;
        long bestActive = 0, bestWeight = 1;

        for (var step = 0; step < members.Length; step++)
        {
            var place = start + step;
            ref readonly var member = ref members[place < members.Length ? place : place - members.Length];
            if (context.Refuses(member.Endpoint))
            {
                continue;
            }

            // active/weight < bestActive/bestWeight, without the division.
            long active = member.Endpoint.Load.Active;
            if (best is null || active * bestWeight < bestActive * member.Weight)
            {
                (best, bestActive, bestWeight) = (member.Endpoint, active, member.Weight);
                if (active == 0)
                {
                    break;
                }
            }
        }

        return best;
    }
}

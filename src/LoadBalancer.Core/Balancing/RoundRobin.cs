using System.Collections.Immutable;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Balancing;

/// <summary>
/// Everyone in turn, by weight: <c>balance: round_robin</c>. A pick takes a ticket and reads the cycle of
/// <see cref="SmoothSequence"/> there, so that any number of threads together keep the weights exactly.
/// </summary>
internal sealed class RoundRobin : Balancer
{
    private readonly ImmutableArray<Member> _members;
    private readonly Endpoint[] _cycle;
    private readonly PickCursor _cursor;

    /// <summary>A table over <paramref name="tier"/>.</summary>
    public RoundRobin(Tier tier)
    {
        _members = tier.Members;
        _cycle = [.. SmoothSequence.Of(tier.Members).Select(place => tier.Members[place].Endpoint)];
        _cursor = tier.Cursor;
    }

    /// <inheritdoc/>
    public override Endpoint? Pick(in PickContext context)
    {
        // A fresh ticket for each refused endpoint, not the next place: otherwise the one behind a dead endpoint in the
        // cycle would carry all of its share.
        for (var chance = 0; chance <= context.Tried.Length; chance++)
        {
            var endpoint = _cycle[_cursor.Next(_cycle.Length)];
            if (!context.Refuses(endpoint))
            {
                return endpoint;
            }
        }

        return AnyUntried(context);
    }

    /// <summary>Tickets may go on meeting heavy endpoints that were tried; the members are few and end.</summary>
    private Endpoint? AnyUntried(in PickContext context)
    {
        var start = _cursor.Next(_members.Length);
        for (var step = 0; step < _members.Length; step++)
        {
            var endpoint = _members[(start + step) % _members.Length].Endpoint;
            if (!context.Refuses(endpoint))
            {
                return endpoint;
            }
        }

        return null;
    }
}

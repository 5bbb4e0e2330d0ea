using LoadBalancer.Endpoints;

namespace LoadBalancer.Balancing;

/// <summary>
/// Consistent hashing: <c>balance: hash</c>. The same key meets the same endpoint on every instance; when one endpoint
/// goes, its keys spread evenly over the rest and nearly all others stay where they are.
/// </summary>
/// <remarks>
/// The lookup table of Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, §3.4:
/// each endpoint has its own permutation of the table's places, made from its address, and in turn each takes its next
/// free place. Weights: in every round an endpoint earns its share of a turn; all take a place in the first round, so
/// that none is left out however light. The turns go by address and never by the order of the file.
/// <para>
/// Why not a ring of virtual nodes: an even ring needs hundreds of nodes an endpoint and a search per pick; this is one
/// multiplication and two loads, and within 1 % of even. The price is that a few keys besides the lost endpoint's move.
/// </para>
/// </remarks>
internal sealed class Maglev : Balancer
{
    /// <summary>Primes, each at least 100 times the endpoints that it is for: shares within 1 % (§5.3 of the paper).</summary>
    private static readonly int[] Sizes = [65_537, 655_373, 6_553_621];

    private const int EndpointsPerSlotShare = 100;
    private const ushort Free = ushort.MaxValue;
    private const int Chances = 8;

    private readonly Endpoint[] _endpoints;
    private readonly ushort[] _table;

    /// <summary>A table over <paramref name="tier"/>.</summary>
    /// <exception cref="ArgumentException">There are more endpoints than the table can number, 65,534.</exception>
    public Maglev(Tier tier)
    {
        if (tier.Members.Length >= Free)
        {
            throw new ArgumentException($"balance: hash takes at most {Free - 1:N0} endpoints, not {tier.Members.Length:N0}.", nameof(tier));
        }

        var turns = tier.Members
            .Select(member => new Turn(member, SizeFor(tier.Configured)))
            .OrderBy(turn => turn.Key)
            .ThenBy(turn => turn.Endpoint.Address.ToString(), StringComparer.Ordinal)
            .ToArray();
        _endpoints = [.. turns.Select(turn => turn.Endpoint)];
        _table = Fill(turns, SizeFor(tier.Configured));
    }

    /// <summary>
    /// How many places the table has. It follows the endpoints that the file lists, not those available: another size is
    /// another table, and every key would move when one endpoint fails.
    /// </summary>
    internal static int SizeFor(int configured) =>
        Sizes.FirstOrDefault(size => size / EndpointsPerSlotShare >= configured, Sizes[^1]);

    /// <inheritdoc/>
    public override Endpoint? Pick(in PickContext context)
    {
        // A key whose endpoint was tried is hashed again, so that the keys of a dead endpoint spread over all others.
        var key = context.HashKey;
        for (var chance = 0; chance < Chances; chance++)
        {
            var endpoint = _endpoints[_table[(int)Math.BigMul(key, (ulong)_table.Length, out _)]];
            if (!context.HasTried(endpoint))
            {
                return endpoint;
            }

            key = HashKey.Mix(key + 1);
        }

        return AnyUntried(context, (int)(key % (uint)_endpoints.Length));
    }

    private Endpoint? AnyUntried(in PickContext context, int start)
    {
        for (var step = 0; step < _endpoints.Length; step++)
        {
            var endpoint = _endpoints[(start + step) % _endpoints.Length];
            if (!context.HasTried(endpoint))
            {
                return endpoint;
            }
        }

        return null;
    }

    private static ushort[] Fill(Turn[] turns, int size)
    {
        var table = new ushort[size];
        Array.Fill(table, Free);
        long heaviest = turns.Max(turn => turn.Weight);
        var filled = 0;
        for (long round = 1; ; round++)
        {
            for (var at = 0; at < turns.Length; at++)
            {
                var turn = turns[at];
                if (round * turn.Weight < turn.Due)
                {
                    continue;
                }

                turn.Due += heaviest;
                table[turn.NextFree(table)] = (ushort)at;
                if (++filled == size)
                {
                    return table;
                }
            }
        }
    }

    /// <summary>An endpoint while the table is filled: its permutation (offset + n × skip, the size being prime) and when it is due.</summary>
    private sealed class Turn
    {
        private readonly uint _size;
        private readonly uint _skip;
        private uint _place;

        public Turn(Member member, int size)
        {
            Endpoint = member.Endpoint;
            Weight = member.Weight;
            Key = HashKey.OfEndpoint(member.Endpoint.Address);
            _size = (uint)size;
            _place = (uint)(Key % _size);
            _skip = (uint)(HashKey.Mix(Key) % (_size - 1)) + 1;
        }

        public Endpoint Endpoint { get; }

        public long Weight { get; }

        public ulong Key { get; }

        /// <summary>The sum of weights over rounds at which its next turn comes; 0 makes everyone's first turn the first round.</summary>
        public long Due { get; set; }

        public int NextFree(ushort[] table)
        {
            while (table[_place] != Free)
            {
                _place = _place + _skip < _size ? _place + _skip : _place + _skip - _size;
            }

            return (int)_place;
        }
    }
}

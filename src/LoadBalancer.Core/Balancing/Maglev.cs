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
    /// <summary>
    /// Primes. Each serves up to a hundredth as many endpoints, whose shares are then within 1 % (§5.3 of the paper); past
    /// 10,485 endpoints the last one goes on, at 16 places an endpoint and shares within 7 %, in 2 MiB.
    /// </summary>
    private static readonly int[] Sizes = [65_537, 262_147, 1_048_583];

    private const int PlacesPerEndpoint = 100;
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

        var size = SizeFor(tier.Configured);
        Member[] members =
        [
            .. tier.Members
                .OrderBy(member => HashKey.OfEndpoint(member.Endpoint.Address))
                .ThenBy(member => member.Endpoint.Address.ToString(), StringComparer.Ordinal),
        ];
        _endpoints = [.. members.Select(member => member.Endpoint)];
        _table = Fill([.. members.Select(member => new Turns(member, (uint)size))], size);
    }

    /// <summary>
    /// How many places the table has. It follows the endpoints that the file lists, not those available: another size is
    /// another table, and every key would move when one endpoint fails.
    /// </summary>
    internal static int SizeFor(int configured) =>
        Sizes.FirstOrDefault(size => size / PlacesPerEndpoint >= configured, Sizes[^1]);

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

    private static ushort[] Fill(Turns[] all, int size)
    {
        var table = new ushort[size];
        Array.Fill(table, Free);
        var heaviest = all.Max(turns => turns.Weight);
        var filled = 0;
        for (long round = 1; ; round++)
        {
            for (var at = 0; at < all.Length; at++)
            {
                ref var turns = ref all[at];
                if (round * turns.Weight < turns.Due)
                {
                    continue;
                }

                turns.Due += heaviest;
                table[turns.NextFree(table)] = (ushort)at;
                if (++filled == size)
                {
                    return table;
                }
            }
        }
    }

    /// <summary>An endpoint while the table is filled: when it is due, and its permutation (offset + n × skip; the size is prime).</summary>
    private struct Turns
    {
        private readonly uint _skip;
        private uint _place;

        public Turns(Member member, uint size)
        {
            var key = HashKey.OfEndpoint(member.Endpoint.Address);
            _place = (uint)(key % size);
            _skip = (uint)(HashKey.Mix(key) % (size - 1)) + 1;
            Weight = member.Weight;
        }

        public long Weight { get; }

        /// <summary>The sum of its weight over rounds at which its next turn comes; 0 makes the first round everyone's.</summary>
        public long Due { get; set; }

        public int NextFree(ushort[] table)
        {
            var place = _place;
            var size = (uint)table.Length;
            while (table[place] != Free)
            {
                place += _skip;
                place = place < size ? place : place - size;
            }

            _place = place;
            return (int)place;
        }
    }
}

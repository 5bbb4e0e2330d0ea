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
/// <para>
/// With a bound on load (<c>hash: {max_load: 125%}</c>; Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with Bounded
/// Loads", SODA 2018) an endpoint takes no more open leases than that share of the mean for its weight, rounded up, the one
/// to come included. A key whose endpoint is at the bound is hashed again, as one whose endpoint failed: it moves on to
/// the same places in the same order every time, and comes home when there is room. A pick then reads every endpoint's load.
/// The bound is off unless asked for: with few connections open the mean is small, and a client's second connection
/// would meet another endpoint than its first.
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
    private readonly int[] _weights;
    private readonly long _weight;
    private readonly double? _maxLoad;
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
        _weights = [.. members.Select(member => member.Weight)];
        _weight = _weights.Sum(weight => (long)weight);
        _maxLoad = tier.MaxLoad;
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
        var most = _maxLoad is { } factor ? factor * (OpenLeases() + 1) / _weight : double.PositiveInfinity;

        // A key whose endpoint was tried is hashed again, so that the keys of a dead endpoint spread over all others.
        var key = context.HashKey;
        for (var chance = 0; chance < Chances; chance++)
        {
            var place = _table[(int)Math.BigMul(key, (ulong)_table.Length, out _)];
            if (Takes(place, context, most))
            {
                return _endpoints[place];
            }

            key = HashKey.Mix(key + 1);
        }

        // The bounds add up to more than all leases, so somebody is below; unless those were tried, and then a bound is no reason to refuse.
        var start = (int)(key % (uint)_endpoints.Length);
        return NextFrom(start, context, most) ?? NextFrom(start, context, double.PositiveInfinity);
    }

    private Endpoint? NextFrom(int start, in PickContext context, double most)
    {
        for (var step = 0; step < _endpoints.Length; step++)
        {
            var place = (start + step) % _endpoints.Length;
            if (Takes(place, context, most))
            {
                return _endpoints[place];
            }
        }

        return null;
    }

    /// <param name="place">Which endpoint.</param>
    /// <param name="context">Whom it refuses takes nothing.</param>
    /// <param name="most">The bound of open leases for a weight of 1.</param>
    private bool Takes(int place, in PickContext context, double most) =>
        !context.Refuses(_endpoints[place])
        && (double.IsPositiveInfinity(most) || _endpoints[place].Load.Active < Math.Ceiling(most * _weights[place]));

    private long OpenLeases()
    {
        long open = 0;
        foreach (var endpoint in _endpoints)
        {
            open += endpoint.Load.Active;
        }

        return open;
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

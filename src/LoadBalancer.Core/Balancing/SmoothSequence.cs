using System.Collections.Immutable;

namespace LoadBalancer.Balancing;

/// <summary>
/// One cycle of smooth weighted round robin: each member occurs exactly as often as its weight, in lowest terms, and
/// its turns lie spread over the cycle instead of in one run.
/// </summary>
/// <remarks>
/// The order is Nginx's (ngx_http_upstream_round_robin.c, "smooth weighted round-robin"): every turn each member's
/// credit grows by its weight, the one with the most is picked, the earlier in the list on a tie, and pays the sum of
/// all weights. Run per pick it needs a lock or a race; its whole cycle in a table needs a counter. Members of one
/// weight differ only in how often they were picked, so they stand in a queue and only the heads are compared: a turn
/// costs as many steps as there are different weights (256 at most), not members.
/// </remarks>
internal static class SmoothSequence
{
    /// <summary>The cycle, as places in <paramref name="members"/>; all weights are 1 or more.</summary>
    public static int[] Of(ImmutableArray<Member> members)
    {
        var divisor = members.Aggregate(0, (divisor, member) => GreatestCommonDivisor(member.Weight, divisor));
        var queues = members
            .Select((member, place) => (Weight: member.Weight / divisor, Place: place))
            .GroupBy(entry => entry.Weight, entry => entry.Place)
            .Select(places => new WeightQueue(places.Key, [.. places]))
            .ToArray();
        long sum = queues.Sum(queue => queue.Weight * queue.Places.Length);

        var sequence = new int[sum];
        for (var turn = 0; turn < sequence.Length; turn++)
        {
            sequence[turn] = Richest(queues, turn + 1, sum).Take();
        }

        return sequence;
    }

    private static WeightQueue Richest(WeightQueue[] queues, long turns, long sum)
    {
        var best = queues[0];
        var most = best.Credit(turns, sum);
        foreach (var queue in queues)
        {
            var credit = queue.Credit(turns, sum);
            if (credit > most || (credit == most && queue.Head < best.Head))
            {
                (best, most) = (queue, credit);
            }
        }

        return best;
    }

    private static int GreatestCommonDivisor(int one, int other) => other == 0 ? one : GreatestCommonDivisor(other, one % other);

    /// <summary>The members of one weight, in the order in which they are picked.</summary>
    private sealed class WeightQueue(int weight, int[] places)
    {
        private int _taken;

        public int Weight => weight;

        public int[] Places => places;

        /// <summary>The next member: those before it were picked once more than it.</summary>
        public int Head => places[_taken % places.Length];

        public long Credit(long turns, long sum) => (turns * weight) - (_taken / places.Length * sum);

        public int Take()
        {
            var head = Head;
            _taken++;
            return head;
        }
    }
}

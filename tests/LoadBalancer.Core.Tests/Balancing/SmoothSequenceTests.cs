using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Balancing;

namespace LoadBalancer.Tests.Balancing;

public sealed class SmoothSequenceTests
{
    [Test]
    public void Spreads_the_turns_of_the_heavy_over_the_cycle() =>
        Assert.That(SmoothSequence.Of(Members.Of(5, 1, 1)), Is.EqualTo(new[] { 0, 0, 1, 0, 2, 0, 0 }));

    [Test]
    public void Reduces_the_weights_to_lowest_terms() =>
        Assert.That(SmoothSequence.Of(Members.Of(100, 200, 100)), Is.EqualTo(SmoothSequence.Of(Members.Of(1, 2, 1))));

    [Test]
    public void Holds_every_member_exactly_as_often_as_its_weight() =>
        Prop.ForAll(Members.Weights, weights =>
        {
            var sequence = SmoothSequence.Of(Members.Of(weights));
            return weights.Select((weight, place) => (long)sequence.Count(at => at == place) * weights.Sum() == (long)weight * sequence.Length)
                .All(exact => exact);
        }).QuickCheckThrowOnFailure();

    [Test]
    public void Is_the_order_of_nginx() =>
        Prop.ForAll(Members.Weights, weights =>
        {
            var members = Members.Of(weights);
            var sequence = SmoothSequence.Of(members);
            return sequence.SequenceEqual(PickedOneByOne(members, sequence.Length));
        }).QuickCheckThrowOnFailure();

    /// <summary>The definition, without a table: grow by the weight, take the richest and earliest, let it pay the sum.</summary>
    private static IEnumerable<int> PickedOneByOne(ImmutableArray<Member> members, int turns)
    {
        var credit = new int[members.Length];
        for (var turn = 0; turn < turns; turn++)
        {
            for (var at = 0; at < credit.Length; at++)
            {
                credit[at] += members[at].Weight;
            }

            var best = Array.IndexOf(credit, credit.Max());
            credit[best] -= members.Sum(member => member.Weight);
            yield return best;
        }
    }
}

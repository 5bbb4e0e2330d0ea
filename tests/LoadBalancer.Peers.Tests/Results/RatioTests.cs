using LoadBalancer.Peers.Results;

namespace LoadBalancer.Peers.Tests.Results;

internal sealed class RatioTests
{
    [Test]
    public void Compares_medians_over_all_rounds_and_tells_the_extremes_of_single_rounds()
    {
        var ratio = Ratio.Of(Of([10, 10, 10], [20, 20, 20]), Of([10, 10, 10], [10, 10, 10]))!;

        Assert.That((ratio.Value, ratio.LowestRound, ratio.HighestRound), Is.EqualTo((1.5, 1.0, 2.0)));
    }

    [Test]
    public void Skips_rounds_in_which_one_side_kept_nothing() =>
        Assert.That(Ratio.Of(Of([10], []), Of([5], [1000]))!.HighestRound, Is.EqualTo(2));

    [TestCase(9, 1.14, ExpectedResult = true)]
    [TestCase(10, 1.14, ExpectedResult = false)]
    [TestCase(9, 1.16, ExpectedResult = false)]
    [TestCase(9, 0.9, ExpectedResult = true)]
    [TestCase(9, 0.5, ExpectedResult = false)]
    public bool Is_a_tie_where_little_difference_meets_few_pieces(int pieces, double value) =>
        Ratio.Of(Of([.. Enumerable.Repeat(value, pieces)]), Of([.. Enumerable.Repeat(1.0, 50)]))!.IsTie;

    [Test]
    public void Does_not_exist_where_a_side_has_no_figures() => Assert.That(Ratio.Of(Of([1]), Of([])), Is.Null);

    private static Series Of(params double[][] rounds) => new("some", [.. rounds.Select(r => r.ToArray()).Select(System.Collections.Immutable.ImmutableArray.Create)]);
}

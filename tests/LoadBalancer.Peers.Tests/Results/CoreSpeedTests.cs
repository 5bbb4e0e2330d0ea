using LoadBalancer.Peers.Results;

namespace LoadBalancer.Peers.Tests.Results;

internal sealed class CoreSpeedTests
{
    [Test]
    public void Is_the_second_percentile_so_that_one_lucky_reading_does_not_set_it()
    {
        var pieces = Enumerable.Range(0, 100).Select(i => SomePieces.Calibrated(i == 0 ? 100 : 470, 800));

        Assert.That(CoreSpeed.Of(pieces).FastNs, Is.EqualTo(470));
    }

    [TestCase(470, 470, ExpectedResult = true)]
    [TestCase(470, 505, ExpectedResult = true)]
    [TestCase(470, 800, ExpectedResult = false)]
    [TestCase(800, 470, ExpectedResult = false)]
    public bool Is_fast_only_where_both_ends_were(long before, long after) => new CoreSpeed(470).IsFast(SomePieces.Calibrated(before, after));

    [Test]
    public void Keeps_no_piece_with_an_error() => Assert.That(CoreSpeed.Any.Keeps(SomePieces.Calibrated(1, 1, errors: 1)), Is.False);
}

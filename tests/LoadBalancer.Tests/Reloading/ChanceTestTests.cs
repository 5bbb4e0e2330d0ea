using LoadBalancer.Daemon.Reloading;

namespace LoadBalancer.Daemon.Tests.Reloading;

internal sealed class ChanceTestTests
{
    // The lady tasting tea, and values that R's fisher.test(alternative = "greater") gives.
    [TestCase(1, 4, 3, 4, 17.0 / 70)]
    [TestCase(0, 4, 4, 4, 1.0 / 70)]
    [TestCase(3, 4, 1, 4, 69.0 / 70)]
    [TestCase(0, 1000, 0, 200, 1)]
    [TestCase(0, 10, 10, 10, 1.0 / 184756)]
    public void Is_exact(long otherMarked, long otherSize, long marked, long size, double probability) =>
        Assert.That(ChanceTest.OfAtLeast(otherMarked, otherSize, marked, size), Is.EqualTo(probability).Within(1e-9).Percent.Or.EqualTo(probability).Within(1e-9));

    [Test]
    public void Agrees_with_the_sum_of_the_whole_distribution_where_numbers_are_large()
    {
        // P(X >= k) + P(X <= k-1) = 1, and the second is the first with the groups exchanged.
        foreach (var (otherMarked, otherSize, marked, size) in new[] { (900L, 100_000L, 120L, 10_000L), (5000, 1_000_000, 5100, 1_000_000), (37, 3000, 9, 400) })
        {
            var up = ChanceTest.OfAtLeast(otherMarked, otherSize, marked, size);
            var down = ChanceTest.OfAtLeast(marked - 1, size, otherMarked + 1, otherSize);
            Assert.That(up + down, Is.EqualTo(1).Within(1e-6));
        }
    }
}

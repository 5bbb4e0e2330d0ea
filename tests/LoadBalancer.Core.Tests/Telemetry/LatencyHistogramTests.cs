using LoadBalancer.Telemetry;

namespace LoadBalancer.Tests.Telemetry;

internal sealed class LatencyHistogramTests
{
    private static readonly LatencyBounds[] AllBounds = [LatencyBounds.Connect, LatencyBounds.Session];

    [TestCaseSource(nameof(AllBounds))]
    public void Counts_a_value_in_the_first_bucket_whose_bound_it_does_not_exceed(LatencyBounds bounds)
    {
        for (var bucket = 0; bucket < bounds.Count; bucket++)
        {
            var histogram = new LatencyHistogram(loops: 1, bounds);
            histogram.Record(0, bounds[bucket]);
            histogram.Record(0, bounds[bucket] + TimeSpan.FromTicks(1));

            var read = histogram.Read();
            Assert.That(read.Cumulative[bucket], Is.EqualTo(1), $"at most {bounds[bucket]}");
            Assert.That(read.Cumulative[bucket + 1], Is.EqualTo(2), $"just above {bounds[bucket]}");
        }
    }

    [Test]
    public void Adds_up_all_loops_and_all_values()
    {
        var histogram = new LatencyHistogram(loops: 2, LatencyBounds.Session);
        histogram.Record(0, TimeSpan.FromMilliseconds(3));
        histogram.Record(1, TimeSpan.FromSeconds(2));
        histogram.Record(1, TimeSpan.FromHours(5));

        var read = histogram.Read();
        Assert.That(read.Count, Is.EqualTo(3));
        Assert.That(read.Sum, Is.EqualTo(TimeSpan.FromMilliseconds(3) + TimeSpan.FromSeconds(2) + TimeSpan.FromHours(5)));
        Assert.That(read.Cumulative, Is.Ordered);
    }

    [Test]
    public void A_quantile_lies_in_the_bucket_of_its_rank_and_never_above_the_last_bound()
    {
        var histogram = new LatencyHistogram(loops: 1, LatencyBounds.Exchange);
        Assert.That(histogram.Read().Quantile(0.5), Is.Null);
        for (var at = 0; at < 98; at++)
        {
            histogram.Record(0, TimeSpan.FromMilliseconds(4));
        }

        histogram.Record(0, TimeSpan.FromMilliseconds(400));
        histogram.Record(0, TimeSpan.FromHours(1));
        var read = histogram.Read();
        Assert.That(read.Quantile(0.5)!.Value, Is.InRange(TimeSpan.FromMilliseconds(2.5), TimeSpan.FromMilliseconds(5)));
        Assert.That(read.Quantile(0.98), Is.EqualTo(TimeSpan.FromMilliseconds(5)), "all of the bucket");
        Assert.That(read.Quantile(0.99), Is.EqualTo(TimeSpan.FromMilliseconds(500)));
        Assert.That(read.Quantile(1), Is.EqualTo(TimeSpan.FromSeconds(60)));
    }

    [Test]
    public void Takes_a_negative_duration_for_zero()
    {
        var histogram = new LatencyHistogram(loops: 1, LatencyBounds.Connect);
        histogram.Record(0, TimeSpan.FromSeconds(-1));

        Assert.That((histogram.Read().Cumulative[0], histogram.Read().Sum), Is.EqualTo((1L, TimeSpan.Zero)));
    }

    [TestCaseSource(nameof(AllBounds))]
    public void Allocates_nothing_while_it_records(LatencyBounds bounds)
    {
        var histogram = new LatencyHistogram(loops: 2, bounds);
        var recorded = 0L;
        var allocated = Allocations.Of(() =>
        {
            for (var time = 0; time < 1000; time++, recorded++)
            {
                histogram.Record(time % 2, TimeSpan.FromMicroseconds(time * time));
            }
        });

        Assert.That((allocated, histogram.Read().Count), Is.EqualTo((0L, recorded)));
    }

    [TestCase(1)]
    [TestCase(64)]
    public void Takes_256_bytes_a_loop_for_connects(int loops)
    {
        LatencyHistogram? made = null;
        var allocated = Allocations.Of(() => made = new LatencyHistogram(loops, LatencyBounds.Connect));

        Assert.That(made!.Bounds, Is.SameAs(LatencyBounds.Connect));
        Assert.That(allocated, Is.LessThanOrEqualTo((256 * loops) + 256), "a thousand endpoints have one each");
    }
}

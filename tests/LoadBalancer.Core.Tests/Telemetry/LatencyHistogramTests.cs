using LoadBalancer.Telemetry;

namespace LoadBalancer.Tests.Telemetry;

internal sealed class LatencyHistogramTests
{
    [Test]
    public void Counts_a_value_in_the_first_bucket_whose_bound_it_does_not_exceed()
    {
        foreach (var (bound, bucket) in LatencyHistogram.BucketBounds.ToArray().Select((bound, at) => (bound, at)))
        {
            var histogram = new LatencyHistogram(loops: 1);
            histogram.Record(0, bound);
            histogram.Record(0, bound + TimeSpan.FromTicks(1));

            var read = histogram.Read();
            Assert.That(read.Cumulative[bucket], Is.EqualTo(1), $"at most {bound}");
            Assert.That(read.Cumulative[bucket + 1], Is.EqualTo(2), $"just above {bound}");
        }
    }

    [Test]
    public void Adds_up_all_loops_and_all_values()
    {
        var histogram = new LatencyHistogram(loops: 2);
        histogram.Record(0, TimeSpan.FromMilliseconds(3));
        histogram.Record(1, TimeSpan.FromSeconds(2));
        histogram.Record(1, TimeSpan.FromHours(5));

        var read = histogram.Read();
        Assert.That(read.Count, Is.EqualTo(3));
        Assert.That(read.Sum, Is.EqualTo(TimeSpan.FromMilliseconds(3) + TimeSpan.FromSeconds(2) + TimeSpan.FromHours(5)));
        Assert.That(read.Cumulative, Is.Ordered);
    }

    [Test]
    public void Takes_a_negative_duration_for_zero()
    {
        var histogram = new LatencyHistogram(loops: 1);
        histogram.Record(0, TimeSpan.FromSeconds(-1));

        Assert.That((histogram.Read().Cumulative[0], histogram.Read().Sum), Is.EqualTo((1L, TimeSpan.Zero)));
    }
}

using LoadBalancer.Telemetry;

namespace LoadBalancer.Tests.Telemetry;

public sealed class LatencySketchTests
{
    private readonly long[] _before = new long[LatencySketch.Slots];
    private readonly long[] _after = new long[LatencySketch.Slots];

    [TestCase(0, 0)]
    [TestCase(3, 3)]
    [TestCase(4, 4)]
    [TestCase(8, 8)]
    [TestCase(9, 8)]
    [TestCase(10, 9)]
    [TestCase(1_000_000, 75)]
    [TestCase(long.MaxValue / 10, 103)]
    public void Cuts_each_power_of_two_into_four(long microseconds, int slot) =>
        Assert.That(LatencySketch.SlotOf(TimeSpan.FromTicks(microseconds * TimeSpan.TicksPerMicrosecond)), Is.EqualTo(slot));

    [Test]
    public void Is_right_within_an_eighth()
    {
        for (var microseconds = 4.0; microseconds < 100_000_000; microseconds *= 1.03)
        {
            var time = TimeSpan.FromMicroseconds(microseconds);
            Assert.That(LatencySketch.MiddleOf(LatencySketch.SlotOf(time)) / time, Is.EqualTo(1).Within(0.125 + 1e-4));
        }
    }

    [Test]
    public void Has_the_median_of_what_came_between_two_readings()
    {
        var sketch = new LatencySketch(loops: 2);
        Record(sketch, 1000, 500);
        sketch.Read(_before);
        Record(sketch, 50, 10);
        Record(sketch, 51, 100);
        sketch.Read(_after);

        var (median, count) = LatencySketch.Median(_before, _after);
        Assert.That((median / TimeSpan.FromMilliseconds(100), count), Is.EqualTo((1.0, 101.0)).Within(0.125));
        Assert.That(LatencySketch.Median(_after, _after), Is.EqualTo((TimeSpan.Zero, 0L)));
    }

    [Test]
    public void Allocates_nothing_for_a_record()
    {
        var sketch = new LatencySketch(loops: 1);
        Assert.That(Allocations.Of(() => Record(sketch, 1000, 3)), Is.Zero);
    }

    private static void Record(LatencySketch sketch, int times, double milliseconds)
    {
        for (var time = 0; time < times; time++)
        {
            sketch.Record(0, TimeSpan.FromMilliseconds(milliseconds));
        }
    }
}

using LoadBalancer.Telemetry;

namespace LoadBalancer.Tests.Telemetry;

internal sealed class LatencyBoundsTests
{
    [Test]
    public void Rise_from_a_tenth_of_a_millisecond_to_ten_seconds_for_connects()
    {
        var bounds = LatencyBounds.Connect;

        Assert.That((bounds[0], bounds[bounds.Count - 1]), Is.EqualTo((TimeSpan.FromMicroseconds(100), TimeSpan.FromSeconds(10))));
        Assert.That(Enumerable.Range(0, bounds.Count).Select(bucket => bounds[bucket]), Is.Ordered.And.Unique);
    }

    [Test]
    public void Rise_from_five_milliseconds_to_two_hours_for_sessions()
    {
        var bounds = LatencyBounds.Session;

        Assert.That((bounds[0], bounds[bounds.Count - 1]), Is.EqualTo((TimeSpan.FromMilliseconds(5), TimeSpan.FromHours(2))));
        Assert.That(Enumerable.Range(0, bounds.Count).Select(bucket => bounds[bucket]), Is.Ordered.And.Unique);
    }
}

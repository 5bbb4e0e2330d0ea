using LoadBalancer.Discovery.Dns;

namespace LoadBalancer.Tests.Discovery.Dns;

internal sealed class LookupPaceTests
{
    private static readonly LookupPace Pace = new(TimeSpan.FromSeconds(1));

    [TestCase(0, 1)]
    [TestCase(30, 30)]
    [TestCase(86_400, 300)]
    [TestCase(null, 1)]
    public void Follows_the_lifetime_of_an_answer_within_bounds(int? ttl, int seconds) =>
        Assert.That(Pace.AfterAnswer(Seconds(ttl)).TotalSeconds, Is.EqualTo(seconds));

    [TestCase(0, 1, 1)]
    [TestCase(20, 1, 20)]
    [TestCase(3600, 1, 30)]
    [TestCase(null, 3, 4)]
    public void Believes_for_a_shorter_time_that_there_is_nothing(int? ttl, int failures, int seconds) =>
        Assert.That(Pace.AfterNothing(Seconds(ttl), failures).TotalSeconds, Is.EqualTo(seconds));

    [Test]
    public void Waits_twice_as_long_after_each_failure_up_to_a_bound() =>
        Assert.That(Enumerable.Range(1, 8).Append(1_000_000).Select(failures => Pace.AfterFailure(failures).TotalSeconds), Is.EqualTo(new[] { 1, 2, 4, 8, 16, 30, 30, 30, 30 }));

    [Test]
    public void Is_never_below_what_the_file_says()
    {
        var slow = new LookupPace(TimeSpan.FromHours(1));
        Assert.That(new[] { slow.AfterAnswer(TimeSpan.Zero), slow.AfterNothing(TimeSpan.Zero, 1), slow.AfterFailure(1) }, Is.All.EqualTo(TimeSpan.FromHours(1)));
    }

    private static TimeSpan? Seconds(int? seconds) => seconds is { } number ? TimeSpan.FromSeconds(number) : null;
}

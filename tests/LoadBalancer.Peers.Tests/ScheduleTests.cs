namespace LoadBalancer.Peers.Tests;

internal sealed class ScheduleTests
{
    [Test]
    public void Has_every_contender_once_in_each_round([Range(1, 7)] int round) =>
        Assert.That(Schedule.Order(["a", "b", "c"], round), Is.EquivalentTo(new[] { "a", "b", "c" }));

    [Test]
    public void Begins_each_round_with_the_next_contender() =>
        Assert.That(Enumerable.Range(1, 4).Select(round => Schedule.Order(["a", "b", "c"], round).First()), Is.EqualTo(new[] { "a", "b", "c", "a" }));
}

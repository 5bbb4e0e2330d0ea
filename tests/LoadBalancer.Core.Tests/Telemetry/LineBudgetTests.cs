using LoadBalancer.Telemetry;

namespace LoadBalancer.Tests.Telemetry;

internal sealed class LineBudgetTests
{
    [Test]
    public void Gives_so_many_a_second_and_counts_the_rest()
    {
        var time = new ManualTime();
        var budget = new LineBudget(linesPerSecond: 3, time);
        Assert.That(Enumerable.Range(0, 10).Count(_ => budget.TryTake()), Is.EqualTo(3));
        Assert.That(budget.Suppressed, Is.EqualTo(7));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(Enumerable.Range(0, 10).Count(_ => budget.TryTake()), Is.EqualTo(3));
        Assert.That(budget.Suppressed, Is.EqualTo(14));
    }
}

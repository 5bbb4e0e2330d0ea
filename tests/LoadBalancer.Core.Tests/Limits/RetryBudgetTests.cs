using LoadBalancer.Limits;

namespace LoadBalancer.Tests.Limits;

internal sealed class RetryBudgetTests
{
    [TestCase(500, 0.2)]
    [TestCase(500, 0.05)]
    [TestCase(60, 0.5)]
    [TestCase(2000, 1.0)]
    public void Trap_13_when_everything_fails_the_load_grows_by_the_share_and_no_more(int rate, double share)
    {
        var budget = new RetryBudget(loops: 2);
        var (requests, retries, now) = (0, 0, TimeSpan.Zero);
        for (; now < TimeSpan.FromSeconds(30); now += TimeSpan.FromSeconds(1.0 / rate))
        {
            budget.Add(requests++ % 2, now);

            // As often as it may.
            while (budget.TrySpend(share, now))
            {
                retries++;
            }
        }

        Assert.That(retries, Is.InRange(share * requests * 0.9, (share * requests) + RetryBudget.Reserve));
        Assert.That(budget.Refusals, Is.EqualTo(requests));
    }

    [Test]
    public void A_quiet_upstream_has_its_reserve_in_every_window()
    {
        var budget = new RetryBudget(loops: 1);
        for (var window = 1; window <= 3; window++)
        {
            var now = window * RetryBudget.Window;
            budget.Add(0, now);
            Assert.That(Enumerable.Range(0, 20).Count(_ => budget.TrySpend(0.2, now)), Is.EqualTo(RetryBudget.Reserve));
            Assert.That((budget.Spent, budget.Requests), Is.EqualTo((RetryBudget.Reserve, 1)));
        }
    }

    [Test]
    public void Requests_count_for_a_window_and_a_share_of_none_is_none()
    {
        var budget = new RetryBudget(loops: 1);
        for (var at = 0; at < 1000; at++)
        {
            budget.Add(0, TimeSpan.FromSeconds(100));
        }

        var end = TimeSpan.FromSeconds(100) + RetryBudget.Window;
        Assert.That(budget.TrySpend(0, end - TimeSpan.FromSeconds(1)), Is.False);
        Assert.That(budget.Requests, Is.EqualTo(1000));
        Assert.That(budget.TrySpend(0.2, end + TimeSpan.FromSeconds(1)), Is.True);
        Assert.That(budget.Requests, Is.Zero);
    }
}

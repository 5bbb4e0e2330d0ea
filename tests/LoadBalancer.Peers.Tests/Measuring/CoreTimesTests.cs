using LoadBalancer.Peers.Measuring;

namespace LoadBalancer.Peers.Tests.Measuring;

internal sealed class CoreTimesTests
{
    [Test]
    public void Leave_to_others_what_the_run_did_not_use()
    {
        var earlier = new CoreTimes(Busy: 1000, Stolen: 10, All: 5000);
        var later = new CoreTimes(Busy: 1300, Stolen: 50, All: 5400);

        Assert.That(later.Since(earlier, oursTicks: 200), Is.EqualTo(new CoreDisturbance(Others: 0.25, Stolen: 0.1)));
    }

    [Test]
    public void Never_count_less_than_nothing_for_others() =>
        Assert.That(new CoreTimes(10, 0, 100).Since(new CoreTimes(0, 0, 0), oursTicks: 11).Others, Is.Zero);
}

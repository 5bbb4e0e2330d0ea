using LoadBalancer.Daemon.Status;

namespace LoadBalancer.Daemon.Tests.Status;

internal sealed class ReadinessTests
{
    [Test]
    public void Is_not_ready_before_the_start_is_over() =>
        Assert.That((new Readiness().IsReady, string.Join(",", new Readiness().Reasons)), Is.EqualTo((false, "starting")));

    [Test]
    public void Is_ready_when_the_last_reason_is_gone()
    {
        var readiness = new Readiness();
        readiness.Hold(Readiness.Draining);
        readiness.Hold(Readiness.Draining);
        readiness.Release(Readiness.Starting);
        Assert.That(readiness.Reasons, Is.EqualTo(new[] { "draining" }));

        readiness.Release(Readiness.Draining);
        readiness.Release("never held");
        Assert.That(readiness.IsReady, Is.True);
    }

    [Test]
    public void Loses_no_reason_that_several_threads_hold_and_release()
    {
        var readiness = new Readiness();
        Parallel.For(0, 1000, number =>
        {
            readiness.Hold($"reason{number}");
            if (number % 2 == 0)
            {
                readiness.Release($"reason{number}");
            }
        });

        Assert.That(readiness.Reasons, Has.Count.EqualTo(501));
    }
}

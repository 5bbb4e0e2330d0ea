using LoadBalancer.Peers.Measuring;

namespace LoadBalancer.Peers.Tests.Measuring;

internal sealed class WindowEndTests
{
    [Test]
    public void Is_read_from_the_line_of_the_load_process() =>
        Assert.That(WindowEnd.Parse("end errors=2 done=7 p99_ns=5 reason=receive: a=b c"), Is.EqualTo(new WindowEnd(2, 7, 5, "receive: a=b c")));

    [Test]
    public void Has_no_reason_where_nothing_failed() => Assert.That(WindowEnd.Parse("end errors=0 done=7 p99_ns=0 reason="), Is.EqualTo(new WindowEnd(0, 7, 0, "")));

    [Test]
    public void Refuses_another_line() =>
        Assert.That(() => WindowEnd.Parse("fatal epoll_ctl: Bad file descriptor"), Throws.InvalidOperationException.With.Message.Contains("Bad file descriptor"));
}

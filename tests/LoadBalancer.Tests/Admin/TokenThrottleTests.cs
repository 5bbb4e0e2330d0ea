using System.Globalization;
using LoadBalancer.Daemon.Admin;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Admin;

internal sealed class TokenThrottleTests
{
    private readonly ManualTime _time = new();

    [Test]
    public void Each_caller_has_five_of_its_own()
    {
        var throttle = new TokenThrottle(_time);
        Fail(throttle, "a", 5);
        Fail(throttle, "b", 4);
        Assert.That(throttle.WaitOf("a"), Is.EqualTo(TimeSpan.FromMinutes(1)));
        Assert.That(throttle.WaitOf("b"), Is.Null);
        Assert.That(throttle.WaitOf("c"), Is.Null);
    }

    [Test]
    public void A_minute_after_the_first_the_count_begins_again()
    {
        var throttle = new TokenThrottle(_time);
        Fail(throttle, "a", 4);
        _time.Advance(TimeSpan.FromMinutes(1));
        Fail(throttle, "a", 4);
        Assert.That(throttle.WaitOf("a"), Is.Null);
        Fail(throttle, "a", 1);
        _time.Advance(TimeSpan.FromSeconds(50));
        Assert.That(throttle.WaitOf("a"), Is.EqualTo(TimeSpan.FromSeconds(10)));
    }

    [Test]
    public void More_callers_than_there_is_room_for_are_counted_as_one()
    {
        var throttle = new TokenThrottle(_time);
        for (var caller = 0; caller < 1005; caller++)
        {
            throttle.Failed(caller.ToString(CultureInfo.InvariantCulture));
        }

        Assert.That(throttle.WaitOf("new"), Is.Not.Null);
        Assert.That(throttle.WaitOf("1"), Is.Null, "one of those that there was room for");
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.That(throttle.WaitOf("new"), Is.Null);
    }

    private static void Fail(TokenThrottle throttle, string caller, int times)
    {
        for (var time = 0; time < times; time++)
        {
            throttle.Failed(caller);
        }
    }
}

using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Transport.Epoll;

internal sealed class TimerWheelTests
{
    [Test]
    public void Whatever_is_scheduled_fires_once_never_early_and_at_most_a_tick_after_it_is_looked_at()
    {
        var delays = Gen.Choose(0, 300_000).ArrayOf(30).ToArbitrary();
        var steps = Gen.Choose(1, 90_000).ArrayOf(30).ToArbitrary();
        Prop.ForAll(delays, steps, (due, moves) =>
        {
            long now = 12_345;
            var start = now;
            var wheel = new TimerWheel(now);
            var firedAt = new Dictionary<int, long>();
            for (var index = 0; index < due.Length; index++)
            {
                var copy = index;
                wheel.Schedule(new LoopTimer(_ => firedAt.Add(copy, now), wheel), now, due[index]);
            }

            foreach (var move in moves.Append(400_000))
            {
                now += move;
                wheel.Advance(now, error => throw error);
                for (var index = 0; index < due.Length; index++)
                {
                    var overdue = now - start - due[index];
                    if (firedAt.TryGetValue(index, out var at) ? at - start < due[index] : overdue > TimerWheel.TickMs)
                    {
                        return false;
                    }
                }
            }

            return wheel.Count == 0;
        }).QuickCheckThrowOnFailure();
    }

    [Test]
    public void The_wait_ends_at_the_next_timer_or_earlier_and_never_without_one()
    {
        Prop.ForAll(Gen.Choose(1, 300_000).ToArbitrary(), delay =>
        {
            var wheel = new TimerWheel(nowMs: 777);
            wheel.Schedule(new LoopTimer(_ => { }, wheel), 777, delay);
            var wait = wheel.UntilNextMs(777);
            return wait >= 0 && wait <= delay + TimerWheel.TickMs;
        }).QuickCheckThrowOnFailure();
        Assert.That(new TimerWheel(777).UntilNextMs(777), Is.EqualTo(-1));
    }

    [Test]
    public void A_timer_may_cancel_another_that_is_due_with_it()
    {
        var wheel = new TimerWheel(0);
        var fired = 0;
        LoopTimer? other = null;
        var first = new LoopTimer(_ => { fired++; wheel.Cancel(other!); }, wheel);
        other = new LoopTimer(_ => fired += 100, wheel);
        wheel.Schedule(first, 0, 10);
        wheel.Schedule(other, 0, 10);
        wheel.Advance(100, error => throw error);
        Assert.That((fired, wheel.Count), Is.EqualTo((1, 0)));
    }

    [Test]
    public void An_exception_in_one_timer_does_not_keep_the_others()
    {
        var wheel = new TimerWheel(0);
        var fired = 0;
        var errors = 0;
        wheel.Schedule(new LoopTimer(_ => throw new InvalidOperationException(), wheel), 0, 10);
        wheel.Schedule(new LoopTimer(_ => fired++, wheel), 0, 10);
        wheel.Advance(100, _ => errors++);
        Assert.That((fired, errors), Is.EqualTo((1, 1)));
    }
}

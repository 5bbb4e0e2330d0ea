using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Transport.Epoll;

internal sealed class LoopMeterTests
{
    private const int MostEvents = 256;

    [Test]
    public void Counts_turns_and_their_events()
    {
        var meter = new LoopMeter(new ManualTime(), MostEvents);
        meter.Turn(3, now: 0);
        meter.Turn(0, now: 0);
        meter.Turn(-1, now: 0);

        Assert.That((meter.Turns, meter.Events), Is.EqualTo((3L, 3L)));
    }

    [Test]
    public void Tells_the_longest_turn_once()
    {
        var time = new ManualTime();
        var meter = new LoopMeter(time, MostEvents);
        for (var turn = 1; turn <= 9; turn++)
        {
            Turn(meter, time, works: turn == 4 ? 7 : 1);
        }

        Assert.That(meter.TakeLongestTurn(), Is.EqualTo(TimeSpan.FromMilliseconds(7)));
        Assert.That(meter.TakeLongestTurn(), Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void News_that_were_waited_for_are_of_now_and_others_of_the_time_since_the_turn_before_began()
    {
        var time = new ManualTime();
        var meter = new LoopMeter(time, MostEvents);
        time.Advance(TimeSpan.FromMilliseconds(5));
        Assert.That(Age(meter, time, works: 10), Is.Zero);
        Assert.That(Age(meter, time, works: 2), Is.EqualTo(10), "it may have come while the first turn was at work");
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That(Age(meter, time, works: 1), Is.Zero, "the loop had waited");
    }

    [Test]
    public void What_a_full_turn_leaves_is_as_old_as_what_it_took()
    {
        var time = new ManualTime();
        var meter = new LoopMeter(time, MostEvents);
        time.Advance(TimeSpan.FromMilliseconds(5));
        Assert.That(Age(meter, time, works: 10, events: MostEvents), Is.Zero);
        Assert.That(Age(meter, time, works: 2, events: MostEvents), Is.EqualTo(10));
        Assert.That(Age(meter, time, works: 3), Is.EqualTo(12));
        Assert.That(Age(meter, time, works: 3), Is.EqualTo(3));
    }

    [Test]
    public async Task Has_the_CPU_time_of_the_loops_thread_and_of_no_other()
    {
        using var loops = new TestLoops(2);
        var before = loops.First.Meter.CpuTime;
        var other = loops.Group.Loops[1].Meter;
        await loops.Run(() =>
        {
            // Until the kernel's own account of this thread has moved: no wall clock, whatever else the machine does.
            while (loops.First.Meter.CpuTime - before < TimeSpan.FromMilliseconds(50))
            {
            }
        });

        Assert.That(loops.First.Meter.CpuTime - before, Is.GreaterThanOrEqualTo(TimeSpan.FromMilliseconds(50)));
        Assert.That(other.CpuTime, Is.LessThan(loops.First.Meter.CpuTime));
    }

    [Test]
    public void Has_no_CPU_time_of_a_loop_that_has_ended()
    {
        var loops = new TestLoops();
        loops.Dispose();

        Assert.That(loops.First.Meter.CpuTime, Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public async Task Counts_the_events_and_sockets_of_a_running_loop()
    {
        using var loops = new TestLoops();
        var sockets = loops.First.SourceCount;
        using var listener = Loopback.Listen();
        var connected = await loops.Run(() => ConnectAttempt.StartAsync(loops.First, listener.LocalEndPoint!, TimeSpan.FromSeconds(10)));

        Assert.That(loops.First.SourceCount, Is.EqualTo(sockets + 1));
        Assert.That(loops.First.Meter.Events, Is.Positive);
        await loops.Run(() => connected.Socket!.Close());
        Assert.That(loops.First.SourceCount, Is.EqualTo(sockets));
    }

    [Test]
    public void Allocates_nothing()
    {
        var meter = new LoopMeter(TimeProvider.System, MostEvents);
        var allocated = Allocations.Of(() =>
        {
            for (var turn = 0; turn < 1000; turn++)
            {
                meter.Turn(1, TimeProvider.System.GetTimestamp());
                meter.TurnEnded();
            }
        });

        Assert.That(allocated, Is.Zero);
    }

    /// <summary>How old the news of a turn may be at most, in milliseconds.</summary>
    private static double Age(LoopMeter meter, ManualTime time, int works, int events = 1)
    {
        var now = time.GetTimestamp();
        Turn(meter, time, works, events);
        return time.GetElapsedTime(meter.NewsSince, now).TotalMilliseconds;
    }

    private static void Turn(LoopMeter meter, ManualTime time, int works, int events = 1)
    {
        meter.Turn(events, time.GetTimestamp());
        time.Advance(TimeSpan.FromMilliseconds(works));
        meter.TurnEnded();
    }
}
